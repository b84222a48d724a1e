"""The stage clock: boundaries are instants of the plan, and the hold keeps measured streams company."""

import pytest

from firsttoken.decoding.duration import NS
from firsttoken.load.control.counters import Counters
from firsttoken.load.control.phases import StageClock, advance_together
from firsttoken.plan.stage import StagePlan


def clock(**keys: object) -> StageClock:
    lengths: dict[str, object] = {"ramp_ns": NS, "settle_ns": 2 * NS, "measure_ns": 10 * NS, "hold_ns": 5 * NS}
    plan = StagePlan(stage=0, target="a", level=4.0, repeat=0, users=4, **(lengths | keys))  # type: ignore[arg-type]
    return StageClock(plan, 100 * NS)


def advance(
    clock: StageClock,
    at_s: float,
    issued: int = 0,
    open_measured: int = 0,
    e2e_s: list[float] | None = None,
    enough: bool = False,
) -> None:
    counters = Counters(issued=issued, open_measured=open_measured)
    for value in e2e_s or []:
        counters.e2e.add(round(value * NS))
    clock.advance(round((100 + at_s) * NS), counters, enough=enough)


def seconds(clock: StageClock) -> list[tuple[str, float]]:
    return [(phase, at_ns / NS - 100) for phase, at_ns in clock.boundaries]


def test_boundaries_lie_where_the_plan_puts_them_however_late_somebody_looks() -> None:
    late = clock()

    advance(late, 14.9, open_measured=1)

    assert seconds(late) == [("ramp", 0), ("settle", 1), ("measure", 3), ("hold", 13)]


def test_a_request_belongs_to_the_phase_in_which_it_was_intended() -> None:
    told = clock()
    advance(told, 14, open_measured=1)

    phases = [told.phase_at(round((100 + at) * NS)) for at in (-1, 0.5, 2.999, 3, 12.999, 13)]

    assert phases == ["ramp", "ramp", "settle", "measure", "measure", "hold"]


def test_the_hold_lasts_until_every_measured_request_has_ended() -> None:
    held = clock()
    advance(held, 14, open_measured=2)
    assert held.ended_ns is None

    advance(held, 15, open_measured=0)

    assert held.ended_ns == 115 * NS
    assert held.unfinished == 0


def test_the_hold_gives_up_at_its_deadline_and_says_how_many_were_unfinished() -> None:
    held = clock()

    advance(held, 18, open_measured=2)

    assert held.ended_ns == 118 * NS
    assert held.unfinished == 2


def test_a_stage_of_n_requests_admits_n_and_ends_its_measurement_with_the_last() -> None:
    counted = clock(requests=200, ramp_ns=0, settle_ns=0, measure_ns=None)
    advance(counted, 1, issued=199, open_measured=4)
    assert counted.admits(199)
    assert counted.phase == "measure"

    advance(counted, 2, issued=200, open_measured=4)

    assert not counted.admits(200)
    assert seconds(counted)[-1] == ("hold", 2)


def test_the_hold_of_an_open_loop_lasts_until_what_was_due_at_its_end_has_been_begun() -> None:
    """The last arrival of a trace is due when measuring ends, and nothing else may be open then."""
    told = clock(by="rate")
    advance(told, 13.1)
    assert told.ended_ns is None

    advance(told, 13.5)

    assert told.ended_ns == round(113.5 * NS)


def test_an_automatic_settle_waits_for_twice_the_p95_of_what_it_saw() -> None:
    auto = clock(settle_ns=None)
    advance(auto, 7, e2e_s=[3.9])
    assert auto.phase == "settle"

    advance(auto, 9, e2e_s=[3.9])

    assert auto.phase == "measure"


def test_an_automatic_window_is_measured_until_what_it_shows_is_known() -> None:
    auto = clock(settle_ns=0, measure_ns=None, ramp_ns=0)
    advance(auto, 18, e2e_s=[3.9], open_measured=1, enough=True)
    assert auto.phase == "measure", "five times the p99 have not passed"
    advance(auto, 40, e2e_s=[3.9], open_measured=1)
    assert auto.phase == "measure", "and then it is not known"

    advance(auto, 41, e2e_s=[3.9], open_measured=1, enough=True)

    assert auto.phase == "hold"


@pytest.mark.parametrize(("phase", "most_s"), [("settle", 60), ("measure", 300)])
def test_an_automatic_window_ends_at_its_cap_even_if_nothing_ever_ends(phase: str, most_s: int) -> None:
    auto = clock(settle_ns=None if phase == "settle" else 0, measure_ns=None if phase == "measure" else 0, ramp_ns=0)

    advance(auto, most_s - 0.1, open_measured=1)
    assert auto.phase == phase
    advance(auto, most_s, open_measured=1)

    assert auto.phase != phase


def test_an_ended_stage_admits_nobody_and_stays_ended() -> None:
    ended = clock()
    advance(ended, 13, open_measured=0)

    advance(ended, 99, open_measured=0)

    assert ended.ended_ns == 113 * NS
    assert not ended.admits(0)


def test_a_measurement_that_knows_enough_ends_early_but_not_before_its_least_time() -> None:
    seeking = clock(ramp_ns=0, settle_ns=0, measure_ns=60 * NS, least_ns=5 * NS)

    advance(seeking, 4, enough=True)
    assert seeking.phase == "measure"
    advance(seeking, 20, enough=False)
    assert seeking.phase == "measure"
    advance(seeking, 21, enough=True, open_measured=1)

    assert seconds(seeking)[-1] == ("hold", 21)


def test_a_measurement_with_nothing_to_find_out_never_ends_early() -> None:
    plain = clock(ramp_ns=0, settle_ns=0)

    advance(plain, 9, enough=True)

    assert plain.phase == "measure"


def test_stages_side_by_side_keep_up_their_load_until_the_last_of_them_has_measured() -> None:
    short, long = clock(measure_ns=2 * NS), clock(measure_ns=8 * NS)
    both = [(short, Counters()), (long, Counters())]

    advance_together(both, 106 * NS)
    assert (short.phase, short.ended_ns, long.phase) == ("hold", None, "measure")
    advance_together(both, 112 * NS)
    advance_together(both, 112 * NS)

    assert short.ended_ns == long.ended_ns == 112 * NS


def test_a_clock_that_follows_takes_its_boundaries_when_it_hears_of_them_and_each_once() -> None:
    told = clock()

    told.follow(["ramp", "settle"], 102 * NS)
    told.follow(["ramp", "settle"], 103 * NS)
    told.follow(["ramp", "settle", "measure", "hold"], 105 * NS)

    assert seconds(told) == [("ramp", 0), ("settle", 2), ("measure", 5), ("hold", 5)]


@pytest.mark.parametrize(("at_s", "ended_s"), [(2, 2), (8, None)])
def test_a_stage_that_is_broken_off_ends_at_once_or_lets_what_it_measures_end(at_s: int, ended_s: int | None) -> None:
    cut = clock()
    advance(cut, at_s)

    cut.break_off((100 + at_s) * NS, drains=True)

    assert cut.ended_ns == (None if ended_s is None else (100 + ended_s) * NS)
    assert not cut.is_measuring
