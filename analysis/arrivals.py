"""Does the service keep up with requests that come whatever becomes of those before them?

Only of an open loop: the rate that was asked for against the rate that was answered, how many requests were open at
once, which arrivals were dropped, and how late the load process itself began them.
"""

from __future__ import annotations

import math

from matplotlib.figure import Figure

from firsttoken.decide.metrics.value import MetricValue
from firsttoken.decide.study import Study
from firsttoken.decide.words.units import round_significant
from firsttoken.report.chart import theme
from firsttoken.report.chart.series import curve_of, ladder, number_cell
from firsttoken.report.instrument import write_ms
from firsttoken.report.page import Cell, Cells, Column, Page, Table, run_alone

ORDER = 35
KEEPS_UP, CHANCE = 0.95, 2.0
"""A service keeps up that answers this share of what came in. Beside it may lack what lies over the window's edges by
chance: so many standard deviations of the difference between the requests open at its end and at its beginning."""
LATE = "hundredths of ms"
COLUMNS = (
    ("Came in", "per second", "arrivals_rps", None, "per second"),
    ("Answered", "per second", "answered_rps", None, "per second"),
    ("Open", "at once, mean", "users_busy", None, "per second"),
    ("Dropped", "arrivals", "dropped", None, ""),
    ("Begun late", "median, ms", "lateness_ms", 0.5, LATE),
    ("Begun late", "p99, ms", "lateness_ms", 0.99, LATE),
    ("Begun late", "worst, ms", "lateness_max_ms", None, LATE),
)


def build(study: Study) -> Page | None:
    """The page: answered against asked, requests open, a row per target and level; None for a closed loop."""
    if study.unit.by != "rate" or not any(ladder(study)):
        return None
    heads = [Column("Target", words=True), Column("Asked", study.unit.head[1])]
    rows: list[Cells] = []
    for target, level, name in ladder(study):
        cells = [_cell(study.result(target, metric, level=level, q=q), unit) for _, _, metric, q, unit in COLUMNS]
        rows.append((name, study.unit.number(level), *cells))
    return Page(
        slug="arrivals",
        title="Arrivals",
        question="Does the service keep up with requests that come whatever becomes of those before them?",
        finding=_finding(study),
        figure=None if study.unit.shape else _draw(study),
        caption="Left: requests answered in the measure window, per second, against the rate that was asked for; "
        "dotted: every one of them. Right: requests open at once, the mean over the window.",
        table=Table([*heads, *(Column(*column[:2]) for column in COLUMNS)], rows),
        notes=(
            "Came in: what the schedule had in the window; chance makes that more or less than was asked for. Dropped: "
            "arrivals that found as many requests open as load.max_in_flight allows; they were not sent.",
            "Begun late: from the schedule's instant to the first touch of the network. It is inside the "
            "user-perceived first word, as back-off is, and not inside TTFT.",
        ),
    )


def _cell(result: MetricValue | None, unit: str) -> Cell:
    """A result in its column; of lateness no more than the hundredth that can be known."""
    cell = number_cell(result, "ms" if unit == LATE else unit)
    if unit != LATE or result is None or result.value is None or cell.text == "n/a":
        return cell
    return Cell(write_ms(result.value).removesuffix(" ms"))


def _finding(study: Study) -> str:
    words = [_describe(study, target) for target in study.targets if study.levels(target)]
    return "; ".join([*words, _lateness(study)])


def _describe(study: Study, target: str) -> str:
    """Up to which rate a target keeps up, and what happens at the next; of a load profile, how much was answered."""
    if study.unit.shape:
        return _describe_load_profile(study, target)
    kept, lost = None, None
    for level in study.levels(target):
        metrics = ("arrivals_rps", "answered_rps", "users_busy")
        asked, answered, opened = (study.result(target, metric, level=level) for metric in metrics)
        if not (asked and answered and opened and asked.value and answered.value is not None):
            continue
        due = asked.n * study.unit.turns
        if answered.n >= KEEPS_UP * due - CHANCE * math.sqrt(2 * (opened.value or 0.0)):
            kept = level
        else:
            wanted = round_significant(asked.value * study.unit.turns)
            lost = f"answers only {round_significant(answered.value)} of {wanted} requests a second"
            break
    if lost is None:
        return f"{target} keeps up with every rate that was run" if kept is not None else f"{target} was asked nothing"
    return f"{target} keeps up with {study.unit.write(kept)} but {lost}" if kept is not None else f"{target} {lost}"


def _describe_load_profile(study: Study, target: str) -> str:
    level = study.levels(target)[-1]
    asked, answered = (study.result(target, metric, level=level) for metric in ("arrivals_rps", "answered_rps"))
    if not (asked and answered and asked.value and answered.value is not None):
        return f"{target} was asked nothing"
    wanted = round_significant(asked.value * study.unit.turns)
    share = f"{round_significant(answered.value)} of {wanted} requests a second"
    return f"{target} answered {share} {study.unit.where(level)}"


def _lateness(study: Study) -> str:
    """How late the load process was, at worst, and what it dropped."""
    late = [study.result(target, "lateness_ms", level=level, q=0.99) for target, level, _ in ladder(study)]
    known = [result.value for result in late if result and result.value is not None]
    dropped = [study.result(target, "dropped", level=level) for target, level, _ in ladder(study)]
    count = sum(result.value or 0.0 for result in dropped if result)
    lost = f"{count:,.0f} arrival{'' if count == 1 else 's'} found no place" if count else "no arrival was dropped"
    begun = f" and 99 of 100 began within {write_ms(max(known))} of their time" if known else ""
    return f"{lost}{begun}"


def _draw(study: Study) -> Figure:
    figure, (answered, opened) = theme.canvas(8.0, columns=2)
    colour, marker = theme.colours(study.targets), theme.markers(study.targets)
    levels = sorted({level for _, level, _ in ladder(study)})
    for panel, metric, title in (
        (answered, "answered_rps", "Answered, requests per second"),
        (opened, "users_busy", "Requests open at once"),
    ):
        panel.set_title(title)
        ends: list[theme.End] = []
        for target in study.targets:
            points = curve_of(study, target, metric)
            theme.curve(panel, points, colour[target], marker[target])
            ends += theme.end_of(points, target, colour[target])
        if panel is answered:
            panel.plot(levels, [level * study.unit.turns for level in levels], ":", color=theme.INK, linewidth=0.9)
        theme.load_axis(panel, levels, study.unit.axis)
        panel.set_ylim(0, 1.08 * panel.get_ylim()[1])
        theme.label_ends(panel, ends)
    return figure


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
