"""Stages: the boundaries of `stages.jsonl`, gathered into one record per stage.

Rule: a stage that was interrupted and repeated by a later one, as `--resume` does, stays on the record and is studied
no more; two whole stages of one level are two observations.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from firsttoken.row import By, StageEvent


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One target at one level: when each phase began, in ns since the run's origin; None where it never did."""

    stage: int
    target: str
    level: float
    repeat: int
    users: int
    """The most users that any boundary reported."""
    ramp_ns: int | None = None
    settle_ns: int | None = None
    measure_ns: int | None = None
    hold_ns: int | None = None
    end_ns: int | None = None
    started: int
    """Attempts journalled as started up to the last boundary."""
    reason: str | None = None
    """Why it ended before its plan, else None."""
    by: By = "users"
    """What `level` counts: users of a closed loop, or arrivals a second of an open one."""
    shape: str = ""
    """The load's course over the measure phase, where it has one; `level` is then its peak."""
    mean_level: float | None = None
    """The mean of such a profile; None where the load is constant, or it is unknown."""
    confirms: bool = False
    """Whether it only confirms in open loop what a search found in a closed one."""
    dropped: int = 0
    """Arrivals that found `max_in_flight` requests open, and were not sent."""
    dropped_measured: int = 0
    """Those of them that were due in the measure window."""
    idle_measured_ns: int | None = None
    """Of users, in the measure window: how long open user slots had no user at work; None where it was not counted."""
    workers_lost: int = 0
    done_over_by: int | None = None
    """The later stage that repeated this interrupted one; else None."""

    @property
    def broken_off(self) -> bool:
        """Whether it did not come to its planned end."""
        return self.end_ns is None or self.reason is not None

    @property
    def window(self) -> tuple[int, int] | None:
        """The measure window (from_ns, to_ns), up to the end of an interrupted stage; None without one."""
        closed = self.end_ns if self.hold_ns is None else self.hold_ns
        return None if self.measure_ns is None or closed is None else (self.measure_ns, closed)

    @property
    def settled_s(self) -> float | None:
        """How long its users settled before it was measured; None where it never was."""
        return None if self.settle_ns is None or self.measure_ns is None else (self.measure_ns - self.settle_ns) / 1e9


def gather_stages(events: Iterable[StageEvent]) -> list[Stage]:
    """One Stage for each stage number, in order of number; the first of two equal boundaries counts."""
    by_stage: dict[int, list[StageEvent]] = {}
    for event in events:
        by_stage.setdefault(event.stage, []).append(event)
    return _find_done_over([_join(by_stage[number]) for number in sorted(by_stage)])


def _join(events: Sequence[StageEvent]) -> Stage:
    first = events[0]
    marks = {f"{event.event}_ns": event.at_ns for event in reversed(events)}
    return Stage(
        stage=first.stage,
        target=first.target,
        level=first.level,
        repeat=first.repeat,
        users=max(event.users for event in events),
        started=max(event.started for event in events),
        reason=next((event.reason for event in events if event.reason), None),
        by=first.by,
        shape=first.shape,
        mean_level=first.mean_level,
        confirms=first.confirms,
        dropped=max(event.dropped for event in events),
        dropped_measured=_count_measured({event.event: event.dropped for event in reversed(events)}) or 0,
        idle_measured_ns=_count_measured({event.event: event.idle_ns for event in reversed(events)}),
        workers_lost=max(event.workers_lost for event in events),
        **marks,
    )


def _count_measured(so_far: Mapping[str, int | None]) -> int | None:
    """What was counted between the opening of the measure window and its close, or the end that came before it."""
    opened, closed = so_far.get("measure"), so_far.get("hold", so_far.get("end"))
    return None if opened is None or closed is None else closed - opened


def _find_done_over(stages: Sequence[Stage]) -> list[Stage]:
    """The stages in the same order, each interrupted and repeated stage with the number of its last repetition."""
    last = {_place(stage): stage.stage for stage in stages}
    return [
        msgspec.structs.replace(stage, done_over_by=last[_place(stage)])
        if stage.broken_off and last[_place(stage)] > stage.stage
        else stage
        for stage in stages
    ]


def _place(stage: Stage) -> tuple[str, float, int, str, bool]:
    return stage.target, stage.level, stage.repeat, stage.by, stage.confirms
