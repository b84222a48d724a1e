"""When a stage has shown enough."""

import pytest

from firsttoken.decoding.duration import NS
from firsttoken.load.control.counters import Counters
from firsttoken.load.control.phases import StageClock
from firsttoken.load.control.stopping import StoppingRule, is_known
from firsttoken.plan.search import DESIGN_EFFECT
from firsttoken.plan.stage import StagePlan
from firsttoken.scenario.format import Scenario, Traffic
from firsttoken.scenario.load import Load, Search, Until
from firsttoken.scenario.slo import Slo
from firsttoken.scenario.target import Target
from firsttoken.stats.proportion import proportion_interval
from firsttoken.stats.sequential import decide_share


def rule(share: float = 0.95, **load: object) -> StoppingRule:
    traffic = Traffic(locustfile="chat", input_tokens=1, output_tokens=1)
    target = [Target(model="a", prices="unknown")]
    slo = Slo(ttft="1s", share=share)
    return StoppingRule(
        Scenario(name="v", target=target, traffic=traffic, load=Load(**load or {"users": [1]}), slo=slo)
    )


def measuring(measure_ns: int | None = None) -> StageClock:
    plan = StagePlan(
        stage=0, target="a", level=1.0, repeat=0, users=1, ramp_ns=0, settle_ns=0, measure_ns=measure_ns, hold_ns=NS
    )
    clock = StageClock(plan, 0)
    clock.advance(0, Counters())
    return clock


@pytest.mark.parametrize(
    ("kept", "judged", "known"),
    [
        (0, 0, False),
        (0, 1, False),
        (0, 19, False),
        (0, 20, True),
        (40, 40, False),
        (72, 72, False),
        (73, 73, True),
        (4, 8, False),
        (20, 80, True),
        (95, 100, False),
    ],
)
def test_a_share_is_known_once_the_slo_could_be_shown_to_be_met_or_is_far_from_what_was_seen(kept, judged, known):
    assert is_known(kept, judged, 0.95) == known


def test_what_is_known_of_requests_that_all_kept_it_passes():
    fewest = next(n for n in range(1, 200) if is_known(n, n, 0.95))

    assert proportion_interval(fewest, fewest, fewest).lo >= 0.95


def test_an_slo_for_every_request_is_known_only_where_it_is_broken():
    assert not is_known(10_000, 10_000, 1.0)
    assert is_known(2_000, 10_000, 1.0)


def test_an_automatic_window_has_shown_enough_once_the_share_is_known():
    assert rule().is_enough(measuring(), Counters(kept=73, judged=73), 20 * NS)
    assert not rule().is_enough(measuring(), Counters(kept=20, judged=20), 20 * NS)


def test_a_search_takes_its_requests_for_fewer_than_they_are():
    """So the report, which finds out how alike neighbours are, seldom disagrees with what ended a level."""
    search = rule(search=Search(by="users", from_=1, to=8))
    undoubted = next(n for n in range(1, 500) if search.judge_stage(Counters(kept=n, judged=n)))
    at_first_sight = next(n for n in range(1, 500) if decide_share(n, n, 0.95))

    assert undoubted == pytest.approx(DESIGN_EFFECT * at_first_sight, rel=0.05)


@pytest.mark.parametrize(("taken", "looked_at"), [(100, 100), (20_000, 20_000), (20_001, 10_001), (1_000_000, 20_000)])
def test_of_very_many_values_an_interval_is_looked_at_in_some_for_streams_stand_still_meanwhile(
    monkeypatch: pytest.MonkeyPatch, taken: int, looked_at: int
) -> None:
    seen: list[int] = []
    monkeypatch.setattr("firsttoken.load.control.precision.is_narrow", lambda values, *_more: seen.append(len(values)))
    watching = rule(users=[1], until=Until(metric="ttft_p95", within=0.05))

    watching.is_enough(measuring(), Counters(samples=[(1, 2.0)] * taken), 20 * NS)

    assert seen == [looked_at]
