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
