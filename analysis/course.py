"""At which load is the SLO missed first?

Only of a load that changes while it is measured (a ramp, a step, a spike, a soak, a staircase, a trace, a shape of
your own): the load profile in about ten slices, and what share of the requests of each met the SLO.
"""

from __future__ import annotations

from collections.abc import Sequence

from firsttoken.decide.judge.profile import TimeSlice, find_break
from firsttoken.decide.study import Study
from firsttoken.decide.words.units import write_value
from firsttoken.report.chart import theme
from firsttoken.report.chart.profile import draw_load_profile
from firsttoken.report.chart.series import BARE, join_words
from firsttoken.report.instrument import write_bound
from firsttoken.report.page import Cell, Cells, Column, Page, Table, run_alone
from firsttoken.stats.estimate import Estimate

ORDER = 15
COLOURS = {"PASS": theme.GOOD, "FAIL": theme.BAD, "UNKNOWN": theme.SOFT}
CLOSED = "In a closed loop users who wait ask nothing new: fewer requests are asked in the slices that are slow."


def build(study: Study) -> Page | None:
    """The page: load, attainment and waits over time, a row per slice; None where the load is constant."""
    load_profiles = {target: slices for target, slices in study.load_profiles.items() if slices}
    if not load_profiles:
        return None
    heads = [
        Column("Target", words=True), Column("From", "s"), Column("To", "s"), Column(*study.unit.head),
        Column("Requests"), Column("Met the SLO", "%"), Column("First word", "median, s"),
        Column("Verdict", words=True),
    ]  # fmt: skip
    rows = [row for target, slices in load_profiles.items() for row in _rows(study, target, slices)]
    return Page(
        slug="course",
        title="Course",
        question="At which load is the SLO missed first?",
        finding=join_words([_describe(study, target, slices) for target, slices in load_profiles.items()]),
        figure=draw_load_profile(study, 11.0, waits=True),
        caption=f"Above: the mean load of each time slice, {_source(study)}. Lines: the requests due in a slice that "
        "met the SLO, and the median of how long they waited, retries inside. Bands: 95 % intervals. "
        + write_bound(study),
        table=Table(heads, rows),
        notes=(
            "The intervals of all shares hold together, so that a service near its limit does not seem to fail for "
            "being checked often.",
            "A time slice counts the requests that were due in it, whenever they were answered.",
            *([CLOSED] if study.unit.by == "users" else []),
        ),
    )


def _source(study: Study) -> str:
    if study.scenario.load.profile is not None:
        return "as it was asked for"
    return "as it came: users at work" if study.unit.by == "users" else "as it came"


def _describe(study: Study, target: str, slices: Sequence[TimeSlice]) -> str:
    """Where the SLO was missed first, and up to which load it was met before."""
    whole = study.target_verdicts[target].levels[-1]
    if whole.voided_by:
        return f"{target}: the load profile was discarded ({', '.join(whole.voided_by)})"
    broke = find_break(slices)
    if broke is None:
        kept = "met the SLO over the whole load profile" if whole.verdict == "PASS" else "is not shown to meet it"
        return f"{target} {kept}; no time slice is shown to miss the SLO"
    at = f"{study.unit.write(_round(broke.load))}, {broke.begins_s:.0f} to {broke.ends_s:.0f} s into the load profile"
    held = [
        time_slice.load for time_slice in slices if time_slice.verdict == "PASS" and time_slice.ends_s <= broke.begins_s
    ]
    before = f" and met it at {study.unit.write(_round(max(held)))} before" if held else ""
    return f"{target} first missed the SLO at {at}{before}"


def _round(load: float) -> float:
    """A load to the digits that a mean is worth."""
    return float(f"{load:.3g}")


def _rows(study: Study, target: str, slices: Sequence[TimeSlice]) -> list[Cells]:
    return [
        (
            "" if place else target, f"{time_slice.begins_s:.1f}", f"{time_slice.ends_s:.1f}",
            study.unit.number(_round(time_slice.load)), f"{time_slice.share.n:,}", _cell(time_slice.share, "%"),
            _cell(time_slice.wait_ms, "s"), Cell(time_slice.verdict, "", COLOURS[time_slice.verdict]),
        )
        for place, time_slice in enumerate(slices)
    ]  # fmt: skip


def _cell(figure: Estimate, unit: str) -> Cell:
    """The value of a slice, its interval beneath it; one without an interval is not printed."""
    if figure.value is None or figure.lo is None or figure.hi is None:
        return Cell("n/a", f"n = {figure.n:,}")
    value, low, high = (_write(end, unit) for end in (figure.value, figure.lo, figure.hi))
    return Cell(value, "" if low == high == value else f"{low}–{high}")


def _write(value: float, unit: str) -> str:
    return write_value(value, "ms") if value == float("inf") else BARE[unit](value)


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
