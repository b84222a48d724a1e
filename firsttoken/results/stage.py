"""Stages: the boundaries of `stages.jsonl`, gathered into one record per stage."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from firsttoken.row import StageEvent


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

    @property
    def window(self) -> tuple[int, int] | None:
        """The measure window (from_ns, to_ns), up to the end where the stage was broken off; None without one."""
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
    return [_join(by_stage[number]) for number in sorted(by_stage)]


def _join(events: list[StageEvent]) -> Stage:
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
        **marks,
    )
