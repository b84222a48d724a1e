"""The folder of a run that was interrupted, read again: the stages that it finished and what it spent.

Rule: nothing that was recorded is altered; a torn line was never finished.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from firsttoken.catalogue import Source
from firsttoken.decoding.unreadable import UNREADABLE
from firsttoken.load.budget.cost import NOTHING, Cost, spent
from firsttoken.plan.resume import FRESH, Finished, find_finished
from firsttoken.row import Health, Row, StageEvent

Record = TypeVar("Record", bound=msgspec.Struct)


def read_finished(folder: Path) -> Finished:
    """Read what a run folder has finished; a line that is torn was never finished."""
    path = folder / "stages.jsonl"
    if not path.exists():
        return FRESH
    events = list(_decode(path.read_bytes().splitlines(), StageEvent))
    return find_finished(events, _read_last_ns(folder / "health.jsonl"))


def _read_last_ns(health: Path) -> int:
    """The last recorded moment of the load, on the run's clock; 0 without one."""
    lines = health.read_bytes().splitlines() if health.exists() else []
    return max((beat.at_ns for beat in _decode(lines, Health)), default=0)


def read_spent(folder: Path, prices: Mapping[str, Source | None]) -> Cost:
    """What the attempts of a run have cost so far on the targets that count.

    An unknown cost (no end, or no usage) counts as the highest cost of an attempt on its target.
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
    """The records of a journal, without torn lines."""
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=kind)
        except UNREADABLE:
            continue
