"""From the results of a study to what a page shows: points of a curve, cells of a table, words of a sentence.

Rule: a result that the study would not print is not drawn either: too few samples make a gap in a curve.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from firsttoken.catalogue import Source
from firsttoken.decide.metrics.value import MetricValue
from firsttoken.decide.study import Study
from firsttoken.decide.words.units import NEVER, UNKNOWN, round_significant, write_count, write_metric, write_share
from firsttoken.report.chart.theme import Point
from firsttoken.report.endings import describe_run_failures
from firsttoken.report.page import Cell

MOST_NAMED = 3
"""Targets that a headline tells of."""

UNDRAWN = frozenset({"UNDERSAMPLED", "CENSORED"})
"""Flags of a quantile that is not drawn; a share that is cut off is drawn, for its interval holds what is possible."""

BARE: dict[str, Callable[[float], str]] = {
    "s": lambda ms: round_significant(ms / 1000),
    "ms": round_significant,
    "%": lambda share: write_share(share).removesuffix(" %"),
    "×": lambda ratio: f"{ratio:,.2f}",
    "tok/s": round_significant,
    "per second": round_significant,
    "per 1,000": lambda value: f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.1f}",
    "$": lambda dollars: f"{dollars:,.2f}",
    "": write_count,
}
"""The unit at the head of a column -> how a value stands beneath it, without the unit; latencies come in ms."""


def curve_of(study: Study, target: str, metric: str, q: float | None = None, per: float = 1.0) -> list[Point]:
    """A metric against the load, all repeats together, each value divided by `per` (1,000 makes seconds of ms)."""
    results = [(level, study.result(target, metric, level=level, q=q)) for level in study.levels(target)]
    return [_point(level, result, per) for level, result in results]


def _point(level: float, result: MetricValue | None, per: float) -> Point:
    if result is None or result.value is None or (result.q is not None and UNDRAWN & set(result.flags)):
        return Point(level, None)
    ends = [None if end is None else end / per for end in (result.lo, result.hi)]
    return Point(level, result.value / per, *ends)


def number_cell(result: MetricValue | None, unit: str) -> Cell:
    """A result in a column of `unit`, its interval beneath it; what the study would not print is not printed here."""
    told = write_metric(result)
    if result is None or result.value is None or told == UNKNOWN:
        return Cell(UNKNOWN)
    if told.startswith("n/a"):
        return Cell("n/a", f"n = {result.n:,}")
    sign = told[0] if told[0] in "≥≤≈" else ""
    text = f"{sign} {_bare(result.value, unit)}".strip()
    if sign in ("≥", "≤") or result.lo is None or result.hi is None:
        return Cell(text)
    ends = [_bare(end, unit) for end in (result.lo, result.hi)]
    return Cell(text, "" if {*ends} == {_bare(result.value, unit)} else "–".join(ends))


def _bare(value: float, unit: str) -> str:
    return NEVER if math.isinf(value) else BARE[unit](value)


def count_cell(result: MetricValue | None) -> Cell:
    """How many observations a result rests on."""
    return Cell("0" if result is None else f"{result.n:,}")


def ladder(study: Study) -> Iterable[tuple[str, float, str]]:
    """Every target and level that was measured, with the target's name as a table shows it: once, then empty."""
    for target in study.targets:
        for place, level in enumerate(study.levels(target)):
            yield target, level, "" if place else target


def join_words(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def write_source(source: Source | None) -> str:
    """The name of a dated source: "A published comparison, 2026"."""
    return UNKNOWN if source is None else ", ".join(filter(None, (source.title, source.read)))


def name_ends(words: Sequence[str], most: int = MOST_NAMED) -> str:
    """What is told of each target, the first being the most: of many only the first two and the last."""
    if len(words) <= most:
        return join_words(words)
    left = len(words) - most
    return f"{', '.join(words[: most - 1])} … {words[-1]} ({left} more between)"


def shows_any(study: Study, metric: str, q: float | None = None) -> bool:
    """Whether a metric has a value to draw at any load of any target."""
    return any(point.y for target in study.targets for point in curve_of(study, target, metric, q))


def explain_failures(study: Study) -> str:
    """What failed, to follow a sentence that too little succeeded; empty where nothing did."""
    failed = describe_run_failures(study)
    return f": {failed}" if failed else ""


def join_loads(study: Study, levels: Sequence[float]) -> str:
    """Several levels in the run's own words: "1, 4 and 16 users"."""
    return join_words([*(study.unit.number(level) for level in levels[:-1]), *map(study.unit.write, levels[-1:])])


def write_load(study: Study, about: float) -> str:
    """A load that was not run, in the run's own words: whole users, or a rate: "75 users", "5.2 requests/s"."""
    return study.unit.write(round(about) if study.unit.by == "users" else about)


def write_percent(share: float) -> str:
    """A share in whole per cent, for sentences: "80 %", "under 1 %"."""
    return "under 1 %" if 0 < share < 0.01 else f"{100 * share:.0f} %"
