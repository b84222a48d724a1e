"""A Scenario that exists is sound: what a table must satisfy by itself, and beside the others."""

import msgspec
import pytest

from firsttoken.scenario.format import Budget, Scenario, Spread, Traffic, mean_tokens
from firsttoken.scenario.load import Load
from firsttoken.scenario.slo import Slo
from firsttoken.scenario.target import Target


def test_the_deciding_level_is_read_from_at():
    assert Slo(at="users=32").level == ("users", 32)
    assert Slo(at="rate=2.5").level == ("rate", 2.5)
    assert Slo().level is None


def test_the_shared_part_of_a_prompt_follows_from_the_cache():
    def shared(cache: object) -> float:
        return msgspec.convert(
            {"locustfile": "chat", "input_tokens": 1, "output_tokens": 1, "cache": cache}, Traffic
        ).shared

    assert [shared(cache) for cache in ("cold", "warm", 0.25, 1)] == [0.0, 0.0, 0.25, 1.0]


def test_the_mean_of_a_spread_lies_above_its_median():
    assert mean_tokens(400) == 400
    assert mean_tokens(Spread(median=400, p95=1600)) == pytest.approx(570.6, abs=0.1)


def test_two_targets_do_not_share_a_name():
    traffic = Traffic(locustfile="chat", input_tokens=1, output_tokens=1)

    with pytest.raises(ValueError, match=r'target\.name: expected a different name for each, got "m" twice'):
        Scenario(name="s", target=[Target(model="m"), Target(model="m")], traffic=traffic, load=Load(users=[1]))


TRAFFIC = {"locustfile": "chat", "input_tokens": 1, "output_tokens": 1}
SPIKE = {"by": "rate", "base": 1, "peak": 9, "before": "5s", "lasts": "2s", "after": "3s"}
LADDER, RATES = {"users": [1, 4]}, {"rate": [0.5, 2]}
SEARCH = {"search": {"by": "users", "from": 1, "to": 8}}


def made(load: object, traffic: dict[str, object] | None = None, **tables: object) -> Scenario:
    data = {"name": "s", "target": [{"model": "m"}], "traffic": TRAFFIC | (traffic or {}), "load": load, **tables}
    return msgspec.convert(data, Scenario)


def refusal(load: object, traffic: dict[str, object] | None = None, **tables: object) -> str:
    with pytest.raises(msgspec.ValidationError) as caught:
        made(load, traffic, **tables)
    return str(caught.value)


@pytest.mark.parametrize("load", [LADDER, RATES, SEARCH, {"shape": "spike", "spike": SPIKE}, {"shape": "Waves"}])
def test_each_kind_of_load_stands_alone(load):
    assert made(load, slo={"ttft": "1s"}).load.kinds == [next(iter(load))]


def test_a_trace_leaves_the_rest_to_the_scenario():
    assert made({"repeats": 3, "max_in_flight": 50, "order": "together"}, {"trace": "a.csv"}).load.by == "rate"


def test_a_window_of_a_trace_does_not_end_before_it_begins():
    window = {"trace": "a.csv", "trace_from": "2m", "trace_to": "90s"}

    assert 'trace_to: expected more than trace_from = "2m", got "90s"' in refusal({}, window)


def test_a_deciding_level_may_be_a_rate_or_the_peak_of_a_shape():
    assert made(RATES, slo={"at": "rate=0.50"})
    assert made({"shape": "spike", "spike": SPIKE}, slo={"at": "rate=9"})


def test_only_a_custom_policy_says_how_it_retries():
    custom = {"policy": "custom", "max_retries": 5, "on": [429, "5xx", "connect"], "budget": 0.2}

    assert made(LADDER, retry=custom).retry.on == [429, "5xx", "connect"]
    assert made(LADDER, retry={"policy": "custom"}).retry.on == [408, 409, 429, "5xx", "connect", "timeout"]


def test_a_budget_bounds_nothing_unless_it_says_so():
    assert made(LADDER).budget == Budget(usd=0, tokens=0, requests=0, minutes=0, quota_share=0)
