"""Going on with a run that was broken off: what it has finished, and where its numbers and its clock stood.

Rule: a stage that ended as planned is not run again; one that was broken off is, under a number of its own, and the
report studies the later one. Nothing that was recorded is altered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from firsttoken.catalogue import Source
from firsttoken.load.cost import NOTHING, Cost, spent
from firsttoken.row import Health, Row, StageEvent
from firsttoken.unreadable import UNREADABLE

Record = TypeVar("Record", bound=msgspec.Struct)


class Finished(msgspec.Struct, frozen=True):
    """What an earlier start of a run has left."""

    events: tuple[StageEvent, ...] = ()
    """The boundaries of stages that ended as planned, in order."""
    next_stage: int = 0
    last_ns: int = 0
    """The latest boundary on the run's clock, of any stage."""
    lasted_ns: int = 0
    """For how long a stage ran, by the boundaries of all of them."""

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
    events = list(_decode(path.read_bytes().splitlines(), StageEvent))
    ended = {event.stage for event in events if event.event == "end" and event.reason is None}
    return Finished(
        events=tuple(event for event in events if event.stage in ended),
        next_stage=max((event.stage for event in events), default=-1) + 1,
        last_ns=max((event.at_ns for event in events), default=0),
        lasted_ns=_add_up(events, _read_last_ns(folder / "health.jsonl")),
    )


def _read_last_ns(health: Path) -> int:
    """When somebody last watched the load, on the run's clock; 0 where nobody did."""
    lines = health.read_bytes().splitlines() if health.exists() else []
    return max((beat.at_ns for beat in _decode(lines, Health)), default=0)


def _add_up(events: Sequence[StageEvent], watched_ns: int) -> int:
    """The time in which a stage ran, from its first boundary to its last; where several ran at once it counts once.

    One whose end was never written ran for as long as it was watched.
    """
    marks: dict[int, list[int]] = {}
    for event in events:
        marks.setdefault(event.stage, []).append(event.at_ns)
    ended = {event.stage for event in events if event.event == "end"}
    if marks and (last := max(marks)) not in ended:
        marks[last].append(max(watched_ns, *marks[last]))
    total_ns = until_ns = 0
    for began_ns, ended_ns in sorted((min(own), max(own)) for own in marks.values()):
        total_ns += max(0, ended_ns - max(began_ns, until_ns))
        until_ns = max(until_ns, ended_ns)
    return total_ns


def read_spent(folder: Path, prices: Mapping[str, Source | None]) -> Cost:
    """What the attempts of a run have cost so far on the targets that count.

    What nobody knows of one, as it has no end or no usage, may be as much as the dearest of its target.
    """
    total = Cost()
    dearest: dict[str, Cost] = {}
    unknown: dict[tuple[str, int], str] = {}
    for row in _read_attempts(folder):
        if row.target not in prices:
            continue
        cost = NOTHING if row.outcome is None else spent(row, prices[row.target], NOTHING)
        if cost == NOTHING:
            unknown[row.request_id, row.attempt] = row.target
            continue
        unknown.pop((row.request_id, row.attempt), None)
        total += cost
        dearest[row.target] = cost.most(dearest.get(row.target, NOTHING))
    return sum((dearest.get(target, Cost(requests=1)) for target in unknown.values()), total)


def _read_attempts(folder: Path) -> Iterator[Row]:
    """The lines of every journal: an attempt begins with one, and ends with another."""
    for path in sorted((folder / "attempts").glob("*.jsonl")):
        with path.open("rb") as lines:
            yield from _decode(lines, Row)


def _decode(lines: Iterable[bytes], kind: type[Record]) -> Iterator[Record]:
    """The records of a journal; a line that is torn is none."""
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=kind)
        except UNREADABLE:
            continue
