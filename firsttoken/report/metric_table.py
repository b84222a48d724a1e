"""The table of metrics: one metric in a column, a row for every target and level that was measured.

Rule: what the study does not print is not printed here: too few samples are "n/a" with their n, and what is not known
is "unknown". The unit stands at the head of a column, and its cells are bare numbers with their interval.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from firsttoken.decide.metrics.value import MetricValue
from firsttoken.decide.study import Study
from firsttoken.decide.words.result_words import write_metric
from firsttoken.decide.words.units import NEVER, UNKNOWN, round_significant, write_count, write_share
from firsttoken.report.instrument_error import LEAST_MS
from firsttoken.report.page import Cell, Cells, Column, Table
from firsttoken.stats.estimate import Estimate

LEAST_DIFFERENCE_MS = 0.1
"""Differences below this are not worth more digits."""


class Shown(NamedTuple):
    """One way to show a metric: along an axis, and as text in a column whose head has the unit."""

    per: float
    """So many of the metric's own units make one of the unit that is shown."""
    write: Callable[[float], str]
    """A finite value in the metric's own unit, as text."""


def write_signed_ms(ms: float) -> str:
    """A difference with its sign: "+200", "−0.05"."""
    size = round_significant(abs(ms), 2) if abs(ms) >= LEAST_DIFFERENCE_MS else f"{abs(ms):.2f}"
    return f"{'−' if ms < 0 else '+'}{size}"


SHOWN = {
    "s": Shown(1000.0, lambda ms: round_significant(ms / 1000)),
    "ms": Shown(1.0, round_significant),
    "0.01 ms": Shown(1.0, lambda ms: f"{max(ms, LEAST_MS):.2f}"),
    "± ms": Shown(1.0, write_signed_ms),
    "%": Shown(0.01, lambda share: write_share(share).removesuffix(" %")),
    "×": Shown(1.0, lambda ratio: f"{ratio:,.2f}"),
    "whole %": Shown(0.01, lambda share: round_significant(100 * share, 2)),
    "tok/s": Shown(1.0, round_significant),
    "1/s": Shown(1.0, round_significant),
    "per 1,000": Shown(1.0, lambda value: f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.1f}"),
    "$": Shown(1.0, lambda dollars: f"{dollars:,.2f}"),
    "count": Shown(1.0, write_count),
}
"""What `shown` may name; a latency comes in ms."""
OWN = {"share": "%", "ratio": "×", "USD": "$", "users": "1/s", "per second": "1/s", "tokens": "count"}
"""A metric's unit, or another word for it -> how it is shown; a unit that is not here shows itself."""

Ends = tuple[float | None, float | None]


class MetricColumn(NamedTuple):
    """A metric as a column of `metric_table`."""

    title: str
    unit: str
    """What stands under the title: "p95, s"."""
    metric: str
    q: float | None = None
    shown: str = ""
    """A key of SHOWN, or "n": how many observations the metric rests on; empty: its own unit."""


def find_shown(unit: str, shown: str = "") -> Shown:
    """The way to show a metric of a unit; `shown` names another than its own."""
    return SHOWN[OWN.get(shown or unit, shown or unit)]


def metric_table(study: Study, columns: Sequence[MetricColumn], load: str = "") -> Table:
    """A table of metrics: target and load, then these columns, each value over all repeats.

    load: the title over the loads, where "Users" or "Load" does not say it.
    """
    title, unit = study.unit.head
    heads = [Column("Target", words=True), Column(load or title, unit), *(Column(*column[:2]) for column in columns)]
    rows: list[Cells] = [
        (name, study.unit.number(level), *(_metric_cell(study, target, level, column) for column in columns))
        for target, level, name in ladder(study)
    ]
    return Table(heads, rows)


def _metric_cell(study: Study, target: str, level: float, column: MetricColumn) -> Cell:
    result = study.result(target, column.metric, level=level, q=column.q)
    return count_cell(result) if column.shown == "n" else number_cell(result, column.shown)


def ladder(study: Study) -> Iterator[tuple[str, float, str]]:
    """Every target and level that was measured, with the target's name as a table shows it: once, then empty."""
    for target in study.targets:
        for place, level in enumerate(study.levels(target)):
            yield target, level, "" if place else target


def number_cell(result: MetricValue | None, shown: str = "") -> Cell:
    """A value in a column, its interval beneath it; `shown` is a key of SHOWN, empty for the metric's own unit."""
    written = write_metric(result)
    if result is None or result.value is None or written == UNKNOWN:
        return Cell(UNKNOWN)
    if written.startswith("n/a"):
        return Cell("n/a", f"n = {result.n:,}")
    sign = written[0] if written[0] in "≥≤≈" else ""
    ends = (result.lo, result.hi) if sign not in ("≥", "≤") else (None, None)
    return _interval_cell(
        sign, result.value, ends, find_shown(result.unit, shown).write, " to " if "±" in shown else "–"
    )


def estimate_cell(estimate: Estimate, shown: str) -> Cell:
    """An estimate that is no metric in a column, its interval beneath it; one without an interval is not printed."""
    if estimate.value is None or not estimate.shown:
        return Cell("n/a", f"n = {estimate.n:,}")
    return _interval_cell("", estimate.value, (estimate.lo, estimate.hi), SHOWN[shown].write)


def _interval_cell(sign: str, value: float, ends: Ends, write: Callable[[float], str], between: str = "–") -> Cell:
    """The value, and its interval where it has two ends that differ from the value as they are written."""
    written, *interval = (NEVER if math.isinf(each) else write(each) for each in (value, *ends) if each is not None)
    is_plain = len(interval) < 2 or {*interval} == {written}
    return Cell(f"{sign} {written}".strip(), "" if is_plain else between.join(interval))


def count_cell(result: MetricValue | None) -> Cell:
    """How many observations a value rests on."""
    return Cell("0" if result is None else f"{result.n:,}")
