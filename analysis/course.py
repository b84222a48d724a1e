"""At which load of its course does the promise break?

Only of a load that changes while it is measured (a ramp, a step, a spike, a soak, a staircase, a trace, a shape of
your own): the course in about ten parts, and what share of the requests of each kept the promise.
"""

from __future__ import annotations

from collections.abc import Sequence

from firsttoken.decide.judge.profile import Part, find_break
from firsttoken.decide.study import Study
from firsttoken.decide.words.units import write_value
from firsttoken.report.chart import theme
from firsttoken.report.chart.profile import draw_course
from firsttoken.report.chart.series import BARE, join_words
from firsttoken.report.instrument import write_bound
from firsttoken.report.page import Cell, Cells, Column, Page, Table, run_alone
from firsttoken.stats.estimate import Estimate

ORDER = 15
COLOURS = {"PASS": theme.GOOD, "FAIL": theme.BAD, "UNKNOWN": theme.SOFT}
CLOSED = "In a closed loop users who wait ask nothing new: fewer requests are asked in the parts that are slow."


def build(study: Study) -> Page | None:
    """The page: load, attainment and waits over time, a row per part; None where each level is level."""
    courses = {target: parts for target, parts in study.courses.items() if parts}
    if not courses:
        return None
    heads = [
        Column("Target", words=True), Column("From", "s"), Column("To", "s"), Column(*study.unit.head),
        Column("Requests"), Column("Kept the promise", "%"), Column("First word", "median, s"),
        Column("Verdict", words=True),
    ]  # fmt: skip
    rows = [row for target, parts in courses.items() for row in _rows(study, target, parts)]
    return Page(
        slug="course",
        title="Course",
        question="At which load of its course does the promise break?",
        finding=join_words([_describe(study, target, parts) for target, parts in courses.items()]),
        figure=draw_course(study, 11.0, waits=True),
        caption=f"Above: the mean load of each part, {_source(study)}. Lines: the requests intended in a part that "
        "kept the promise, and the median of how long they waited, retries inside. Bands: 95 % intervals. "
        + write_bound(study),
        table=Table(heads, rows),
        notes=(
            "The intervals of all shares hold together, so that a service at the brink does not seem to break for "
            "being looked at often.",
            "A part answers for those who asked in it, whatever part they were answered in.",
            *([CLOSED] if study.unit.by == "users" else []),
        ),
    )


def _source(study: Study) -> str:
    if study.scenario.load.course is not None:
        return "as it was asked for"
    return "as it came: users at work" if study.unit.by == "users" else "as it came"


def _describe(study: Study, target: str, parts: Sequence[Part]) -> str:
    """Where the promise broke first, and up to which load it held before that."""
    whole = study.rulings[target].levels[-1]
    if whole.voided_by:
        return f"{target}: the course does not count ({', '.join(whole.voided_by)})"
    broke = find_break(parts)
    if broke is None:
        kept = "kept the promise over the whole course" if whole.verdict == "PASS" else "is not shown to keep it"
        return f"{target} {kept}; no part is shown to break the promise"
    at = f"{study.unit.write(_round(broke.load))}, {broke.begins_s:.0f} to {broke.ends_s:.0f} s into the course"
    held = [part.load for part in parts if part.verdict == "PASS" and part.ends_s <= broke.begins_s]
    before = f" and kept it at {study.unit.write(_round(max(held)))} before" if held else ""
    return f"{target} first broke the promise at {at}{before}"


def _round(load: float) -> float:
    """A load to the digits that a mean is worth."""
    return float(f"{load:.3g}")


def _rows(study: Study, target: str, parts: Sequence[Part]) -> list[Cells]:
    return [
        (
            "" if place else target, f"{part.begins_s:.1f}", f"{part.ends_s:.1f}",
            study.unit.number(_round(part.load)), f"{part.share.n:,}", _cell(part.share, "%"),
            _cell(part.wait_ms, "s"), Cell(part.verdict, "", COLOURS[part.verdict]),
        )
        for place, part in enumerate(parts)
    ]  # fmt: skip


def _cell(figure: Estimate, unit: str) -> Cell:
    """A figure of a part, its interval beneath it; one without an interval is not printed."""
    if figure.value is None or figure.lo is None or figure.hi is None:
        return Cell("n/a", f"n = {figure.n:,}")
    value, low, high = (_write(end, unit) for end in (figure.value, figure.lo, figure.hi))
    return Cell(value, "" if low == high == value else f"{low}–{high}")


def _write(value: float, unit: str) -> str:
    return write_value(value, "ms") if value == float("inf") else BARE[unit](value)


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
