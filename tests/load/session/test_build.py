"""What a scenario makes of a session: what it counts, and what it leaves alone."""

from pathlib import Path

import pytest

from firsttoken.error import FirstTokenError
from firsttoken.load.asking.ask import NO_MATERIAL
from firsttoken.load.session import target as target_module
from firsttoken.load.session.build import find_value_of, open_limiter, open_session, read_arrivals
from firsttoken.load.session.journal import Recorder
from firsttoken.load.session.target import TargetAccess, TargetError
from firsttoken.row import Row
from firsttoken.scenario.format import Budget, Scenario, Traffic
from firsttoken.scenario.load import Load, Until
from firsttoken.scenario.target import Target

REAL = Target(model="m", name="real", base_url="http://127.0.0.1:1/v1", prices="unknown")
SIMULATED = Target(model="gpt-5-mini", name="simulated")


def bound(budget: Budget, target: str) -> int | None:
    """How many requests an attempt sets aside."""
    traffic = Traffic(locustfile="chat", input_tokens=40, output_tokens=100)
    scenario = Scenario(name="s", target=[REAL, SIMULATED], traffic=traffic, load=Load(users=[1]), budget=budget)
    cost = open_limiter(scenario).bound_cost(target, 40, 100)
    return None if cost is None else cost.requests


def test_where_nothing_is_capped_nothing_is_counted():
    assert bound(Budget(), "real") is None
    assert bound(Budget(minutes=5), "real") is None


def test_a_cap_counts_real_targets_and_no_simulated_ones():
    for budget in (Budget(usd=1), Budget(tokens=1000), Budget(requests=10), Budget(quota_share=0.5)):
        assert bound(budget, "real") == 1
        assert bound(budget, "simulated") is None


def scenario(*targets: Target, **load: object) -> Scenario:
    traffic = Traffic(locustfile="chat", input_tokens=40, output_tokens=100)
    return Scenario(name="s", target=list(targets), traffic=traffic, load=Load(**({"users": [1]} | load)))


def test_a_session_has_a_client_for_each_target_and_the_rules_of_the_scenario(tmp_path: Path) -> None:
    urls = {"real": "http://127.0.0.1:1/v1", "simulated": "http://127.0.0.1:2/v1"}
    access = TargetAccess("run", urls, {}, origin_ns=0)

    session = open_session(scenario(REAL, SIMULATED, think="2s"), Recorder(tmp_path, 0), access, NO_MATERIAL)

    assert (session.run_id, sorted(session.targets), session.rules.think_s) == ("run", ["real", "simulated"], 2.0)
    assert session.rules.value_of is None
    session.close()


def test_a_target_that_cannot_be_asked_is_refused_by_its_name(tmp_path: Path) -> None:
    access = TargetAccess("run", {"real": "ftp://nowhere"}, {}, origin_ns=0)

    with pytest.raises(TargetError, match=r"^target\.real: "):
        open_session(scenario(REAL), Recorder(tmp_path, 0), access, NO_MATERIAL)


def test_a_fault_of_ours_is_no_sentence_for_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_keys: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(target_module, "parse_endpoint", fail)

    with pytest.raises(ValueError, match="a bug") as raised:
        open_session(
            scenario(REAL), Recorder(tmp_path, 0), TargetAccess("run", {"real": "http://h/v1"}, {}, 0), NO_MATERIAL
        )
    assert not isinstance(raised.value, FirstTokenError)


def test_a_level_that_measures_until_a_metric_is_known_keeps_its_value_of_each_request() -> None:
    value_of = find_value_of(scenario(REAL, until=Until(metric="ttft_p50", within=0.1)))

    row = Row(outcome="ok", intended_ns=0, sent_ns=0, first_token_ns=7_000_000, first_visible_ns=7_000_000)
    assert value_of is not None
    assert value_of([row]) == 7.0


def test_a_scenario_without_a_trace_has_no_arrivals_of_its_own() -> None:
    assert read_arrivals(scenario(REAL)) is None
