"""The search for the highest level that meets the SLO: which level to measure next, and what was found. Pure.

Rule: a level that is too high costs more than one that is too low, for what waits in a queue takes time, and tokens.
So the search climbs from the lowest level, to one that is twice as high each time (galloping: Bentley & Yao 1976,
Information Processing Letters 5(3), 82-87), and bisects only between the last level that meets the SLO and the
first that does not. It ends when these two are neighbours on the grid.

A level that stayed undecided is climbed over: a higher one asks more requests in the same time. Where it then lies in
the middle of what is left, it is measured once more; undecided again, it counts as neither, the search continues below
it, and what was found names it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from firsttoken.scenario.load import Search
from firsttoken.stats.sequential import decide_share

Verdict = Literal["keeps", "fails"] | None
"""None: the measurement ended before it was decided."""
Results = Sequence[tuple[float, Verdict]]
"""(level, what it showed), in the order in which they were measured."""

STEPS_PER_DOUBLING = 4
"""Of the grid, where the scenario names no number of steps: each level is 19 % above the one before."""
STRIDE = 2
"""How many times as high the next level is as long as none fails."""
TRIES = 2
"""Measurements of a level before it is left undecided."""
DESIGN_EFFECT = 1.5
"""The design effect: this many requests count as one independent one. The report measures it by batches of time,
and has to agree with what ended a level."""


@dataclass(frozen=True)
class Found:
    """What a search has found so far."""

    last_pass: float | None
    """The highest level that meets the SLO, below all that do not; None: none does."""
    first_fail: float | None
    """The lowest level that does not; None: not reached."""
    undecided: tuple[float, ...] = ()
    """Undecided levels between these two, ascending."""
    contradicted: tuple[float, ...] = ()
    """Levels that meet the SLO above one that does not: more load does not heal, so they count for nothing."""


def judge_level(kept: int, judged: int, share: float) -> Verdict:
    """What a level has shown, of whose judged requests so many met the SLO."""
    return decide_share(kept, judged, share, design_effect=DESIGN_EFFECT) if judged else None


def grid(search: Search) -> list[float]:
    """The levels of a search in ascending order, from `from` to `to`.

    steps = 0: geometric, four levels to a doubling; else so many equal steps. Levels between the two ends are rounded,
    users to whole ones and rates to three significant digits, and those that are then alike are one.
    """
    low, high = float(search.from_), float(search.to)
    if search.steps:
        inner = [low + (high - low) * step / search.steps for step in range(1, search.steps)]
    else:
        steps = math.ceil(STEPS_PER_DOUBLING * math.log2(high / low))
        inner = [low * 2 ** (step / STEPS_PER_DOUBLING) for step in range(1, steps)]
    rounded = {float(round(level)) if search.by == "users" else float(f"{level:.3g}") for level in inner}
    return sorted({low, high} | {level for level in rounded if low < level < high})


def most_levels(search: Search) -> int:
    """The most levels that a search measures: it climbs by STRIDE, then bisects its grid, each level TRIES times."""
    climbed = math.ceil(math.log(search.to / search.from_, STRIDE)) + 1
    return climbed + TRIES * math.ceil(math.log2(len(grid(search)) + 1))


def next_level(grid: Sequence[float], results: Results) -> float | None:
    """The level to measure next after these results; None once there is nothing more to find out."""
    if not results:
        return grid[0]
    found = conclude(grid, results)
    highest = max(level for level, _ in results)
    if found.first_fail is None and highest < grid[-1]:
        return next((level for level in grid if level >= STRIDE * highest), grid[-1])
    return _bisect(grid, results, found)


def _bisect(grid: Sequence[float], results: Results, found: Found) -> float | None:
    """The middle between the last level that meets the SLO and the first that does not, or is undecided."""
    measured = [level for level, _ in results]
    ceilings = [level for level in found.undecided if measured.count(level) >= TRIES]
    if found.first_fail is not None:
        ceilings.append(found.first_fail)
    low = -1 if found.last_pass is None else grid.index(found.last_pass)
    high = min(map(grid.index, ceilings), default=len(grid))
    return grid[(low + high) // 2] if high - low > 1 else None


def conclude(grid: Sequence[float], results: Results) -> Found:
    """The bracket that the results give; of a level that was measured again, the last result counts."""
    known = {level: verdict for level, verdict in results if verdict is not None}
    first_fail = min((level for level in known if known[level] == "fails"), default=None)
    kept = sorted(level for level in known if known[level] == "keeps")
    last_pass = max((level for level in kept if first_fail is None or level < first_fail), default=None)
    left = {level for level, _ in results if level not in known}
    return Found(
        last_pass,
        first_fail,
        undecided=tuple(level for level in grid if level in left and _is_between(level, last_pass, first_fail)),
        contradicted=tuple(level for level in kept if first_fail is not None and level > first_fail),
    )


def _is_between(level: float, low: float | None, high: float | None) -> bool:
    return (low is None or level > low) and (high is None or level < high)
