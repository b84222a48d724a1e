"""Each vocabulary has one table: the words that types and scenarios know are its keys."""

from typing import Any, get_args

import msgspec
import pytest

from firsttoken.decide.metrics.table import METRICS
from firsttoken.load.control.slo import LatencyLimits
from firsttoken.plan.arrivals import ARRIVALS, Process
from firsttoken.plan.retry import POLICIES, PolicyName
from firsttoken.plan.turns import ORDERS, OrderName
from firsttoken.row import OUTCOMES, Outcome
from firsttoken.scenario.course import SHAPES
from firsttoken.scenario.format import CACHES, CacheName
from firsttoken.scenario.reading import schema
from firsttoken.scenario.slo import LIMITS, Slo
from firsttoken.wire.dialects import DIALECTS

SCHEMA: dict[str, Any] = msgspec.json.decode(schema())["$defs"]


@pytest.mark.parametrize(
    ("words", "table"),
    [(Process, ARRIVALS), (PolicyName, POLICIES), (OrderName, ORDERS), (CacheName, CACHES), (Outcome, OUTCOMES)],
    ids=["arrivals", "policies", "orders", "caches", "outcomes"],
)
def test_a_literal_holds_the_keys_of_its_table(words: object, table: dict[str, object]) -> None:
    assert get_args(words) == tuple(table)


@pytest.mark.parametrize(
    ("keys", "key", "table"),
    [
        ("Load", "arrivals", ARRIVALS),
        ("Retry", "policy", POLICIES),
        ("Load", "order", ORDERS),
        ("Target", "api", DIALECTS),
    ],
    ids=["arrivals", "policies", "orders", "dialects"],
)
def test_the_schema_offers_the_keys_of_a_table(keys: str, key: str, table: dict[str, object]) -> None:
    assert SCHEMA[keys]["properties"][key]["enum"] == sorted(table)


def test_the_schema_knows_each_shape_and_its_table() -> None:
    keys = SCHEMA["Load"]["properties"]

    assert all(name in keys["shape"]["pattern"] and shape.table in keys for name, shape in SHAPES.items())


def test_each_limit_of_the_slo_is_a_key_a_metric_and_watched_while_the_run_continues() -> None:
    metrics = [limit.metric for limit in LIMITS.values()]

    assert LIMITS.keys() <= set(Slo.__struct_fields__)
    assert set(metrics) <= METRICS.keys()
    assert tuple(metrics) == LatencyLimits._fields
