"""Boundaries become stages."""

from typing import Literal

from firsttoken.results.stage import gather_stages
from firsttoken.row import StageEvent

Boundary = Literal["ramp", "settle", "measure", "hold", "end"]


def boundary(event: Boundary, at_ns: int, stage: int = 0, started: int = 0, reason: str | None = None) -> StageEvent:
    return StageEvent(
        stage=stage, target="a", level=4.0, repeat=1, event=event, at_ns=at_ns, users=4, started=started, reason=reason
    )


def test_a_stage_knows_when_each_phase_began() -> None:
    (stage,) = gather_stages(
        [
            boundary("ramp", 1),
            boundary("settle", 2),
            boundary("measure", 3),
            boundary("hold", 4),
            boundary("end", 5, 0, 9),
        ]
    )

    assert (stage.ramp_ns, stage.settle_ns, stage.measure_ns, stage.hold_ns, stage.end_ns) == (1, 2, 3, 4, 5)
    assert (stage.target, stage.level, stage.repeat, stage.users, stage.started) == ("a", 4.0, 1, 4, 9)
    assert stage.window == (3, 4)


def test_stages_come_in_order_of_number_however_their_lines_interleave() -> None:
    stages = gather_stages([boundary("ramp", 5, stage=2), boundary("ramp", 1, stage=0), boundary("end", 9, stage=2)])

    assert [(stage.stage, stage.ramp_ns, stage.end_ns) for stage in stages] == [(0, 1, None), (2, 5, 9)]


def test_the_first_of_two_equal_boundaries_counts() -> None:
    (stage,) = gather_stages([boundary("measure", 3), boundary("measure", 8)])

    assert stage.measure_ns == 3


def test_the_window_of_a_stage_that_was_broken_off_reaches_to_its_end() -> None:
    (stage,) = gather_stages([boundary("measure", 3), boundary("end", 7, reason="interrupted")])

    assert stage.window == (3, 7)
    assert stage.reason == "interrupted"


def test_a_stage_that_never_measured_or_never_ended_has_no_window() -> None:
    unmeasured, unended = gather_stages([boundary("ramp", 1), boundary("end", 7), boundary("measure", 3, stage=1)])

    assert unmeasured.window is None
    assert unended.window is None


def test_a_stage_knows_what_its_level_counts_and_what_became_of_its_load() -> None:
    marks = {"stage": 0, "target": "a", "level": 2.5, "repeat": 0, "users": 100, "by": "rate", "shape": "spike"}
    (stage,) = gather_stages(
        [
            StageEvent(event="measure", at_ns=1, started=0, dropped=3, **marks),
            StageEvent(event="hold", at_ns=5, started=9, dropped=7, workers_lost=1, **marks),
            StageEvent(event="end", at_ns=6, started=9, dropped=8, workers_lost=1, **marks),
        ]
    )

    assert (stage.by, stage.shape, stage.confirms) == ("rate", "spike", False)
    assert (stage.dropped, stage.dropped_measured, stage.workers_lost) == (8, 4, 1)


def test_a_stage_that_was_broken_off_and_done_over_names_the_later_one() -> None:
    broken, whole = gather_stages(
        [boundary("measure", 1), boundary("end", 2, reason="interrupted"), boundary("end", 9, stage=1)]
    )

    assert (broken.done_over_by, whole.done_over_by) == (1, None)


def test_a_stage_that_a_killed_run_never_ended_is_done_over_too() -> None:
    broken, _ = gather_stages([boundary("ramp", 1), boundary("end", 9, stage=1)])

    assert broken.done_over_by == 1


def test_two_whole_stages_of_one_level_are_two_observations() -> None:
    first, second = gather_stages([boundary("end", 5), boundary("end", 9, stage=1)])

    assert (first.done_over_by, second.done_over_by) == (None, None)


def test_the_last_stage_that_was_broken_off_stands() -> None:
    (only,) = gather_stages([boundary("end", 5, reason="interrupted")])

    assert only.done_over_by is None


def test_a_stage_knows_for_how_long_user_slots_were_idle_in_its_window_where_it_was_counted() -> None:
    marks = {"stage": 0, "target": "a", "level": 2.0, "repeat": 0, "users": 2, "started": 0}
    counts = {"ramp": 0, "settle": 10, "measure": 30, "hold": 75, "end": 90}
    events = [StageEvent(**marks, event=name, at_ns=0, idle_ns=idle_ns) for name, idle_ns in counts.items()]

    assert [stage.idle_measured_ns for stage in gather_stages(events)] == [45]
    assert [stage.idle_measured_ns for stage in gather_stages([boundary("measure", 3), boundary("hold", 8)])] == [None]
