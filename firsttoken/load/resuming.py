"""Going on with a run that was broken off: what it has finished, and where its numbers and its clock stood.

Rule: a stage that ended as planned is not run again; one that was broken off is, under a number of its own, and the
report studies the later one. Nothing that was recorded is altered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from firsttoken.catalogue import Source
from firsttoken.load.cost import Cost, spent
from firsttoken.row import Row, StageEvent


class Finished(msgspec.Struct, frozen=True):
    """What an earlier start of a run has left."""

    events: tuple[StageEvent, ...] = ()
    """The boundaries of stages that ended as planned, in order."""
    next_stage: int = 0
    last_ns: int = 0
    """The latest boundary on the run's clock, of any stage."""

    @property
    def keys(self) -> set[tuple[str, float, int, str, bool]]:
        """The stages that need not be run again, as `StagePlan.key` names them."""
        return {(event.target, event.level, event.repeat, event.by, event.confirms) for event in self.ends}

    @property
    def ends(self) -> list[StageEvent]:
        """The ends of these stages, in order."""
        return [event for event in self.events if event.event == "end"]

    def measured_s(self, stage: int) -> float:
        """How long the measure phase of one of these stages lasted."""
        marks = {event.event: event.at_ns for event in self.events if event.stage == stage}
        return (marks.get("hold", marks["end"]) - marks["measure"]) / 1e9 if "measure" in marks else 0.0


FRESH = Finished()
"""Of a run that begins."""


def read_finished(folder: Path) -> Finished:
    """Read what a run folder has finished; a line that is torn was never finished."""
    path = folder / "stages.jsonl"
    if not path.exists():
        return FRESH
    events = list(_read_events(path))
    ended = {event.stage for event in events if event.event == "end" and event.reason is None}
    return Finished(
        events=tuple(event for event in events if event.stage in ended),
        next_stage=max((event.stage for event in events), default=-1) + 1,
        last_ns=max((event.at_ns for event in events), default=0),
    )


def read_spent(folder: Path, prices: Mapping[str, Source | None]) -> Cost:
    """What the attempts of a run have cost so far on the targets that count; one without an end or usage, a request."""
    total = Cost()
    for path in sorted((folder / "attempts").glob("*.jsonl")):
        with path.open("rb") as lines:
            for row in _read_rows(lines):
                if row.target in prices and row.outcome is not None:
                    total += spent(row, prices[row.target], Cost(requests=1))
    return total


def _read_rows(lines: Iterable[bytes]) -> Iterator[Row]:
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=Row)
        except msgspec.MsgspecError:
            continue


def _read_events(path: Path) -> Iterator[StageEvent]:
    for line in path.read_bytes().splitlines():
        try:
            yield msgspec.json.decode(line, type=StageEvent)
        except msgspec.MsgspecError:
            continue
