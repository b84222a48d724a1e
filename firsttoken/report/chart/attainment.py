"""The one chart of page one: how many requests met the SLO, against the load.

Rule: nothing is drawn that was not measured. Between a load that met the SLO and one that did not no line is
drawn, as it would name a share for untested loads: a tinted box stands there instead.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from firsttoken.decide.study import Study
from firsttoken.decide.words.units import write_share
from firsttoken.report.chart.axes import load_axis
from firsttoken.report.chart.canvas import canvas
from firsttoken.report.chart.curves import End, Point, draw_curve, end_of, label_ends
from firsttoken.report.chart.marks import draw_empty, draw_limit, explain
from firsttoken.report.chart.metric_panel import curve_of
from firsttoken.report.chart.theme import BACKING, colours, markers
from firsttoken.report.sentences import write_load, write_percent

NEXT_USER = 1.0
"""Loads (of users) this close have no load between them to test."""

ROOM_FOR_LABEL = 0.8
"""Up to this share of the panel's width a label has room to the right of its line."""

MOST_PEAKS = 3
"""Of more targets the peaks are not marked: their lines and names would cover the curves."""


def draw_attainment(study: Study) -> Figure:
    """Every target's attainment with its band, the share of the SLO, and the peak where one is stated."""
    figure, [panel] = canvas(10.0)
    colour, marker = colours(study.targets), markers(study.targets)
    needed = 100 * study.scenario.slo.share
    ends: list[End] = []
    boxed = False
    for target in study.targets:
        points = curve_of(study, target, "attainment", per=0.01)
        _draw_share(panel, points, colour[target], marker[target], needed)
        boxed = boxed or any(_find_gaps(points, needed))
        ends += end_of(points, target, colour[target])
    if not ends:
        draw_empty(panel, "No load level finished.")
        return figure
    panel.set_ylim(0, 105)
    panel.yaxis.set_major_formatter(lambda share, _: f"{share:.0f} %")
    peaks = _find_peaks(study)
    levels = [level for target in study.targets for level in study.levels(target)]
    load_axis(panel, levels, study.unit.axis, reach=max([above for _, above in peaks.values()], default=0))
    draw_limit(panel, f"SLO: {write_share(study.scenario.slo.share)}", needed)
    marked = 0 < len(peaks) <= MOST_PEAKS
    if marked:
        _mark_peaks(panel, peaks, colour, study)
    label_ends(panel, ends)
    explain(figure, list(_explain(study, boxed=boxed, marked=marked)))
    return figure


def _draw_share(panel: Axes, points: Sequence[Point], colour: str, marker: str, needed: float) -> None:
    """The points, joined where both neighbours lie on the same side of the SLO, else a box between them."""
    gaps = list(_find_gaps(points, needed))
    begins = [0, *(place + 1 for place, point in enumerate(points) if any(left is point for left, _ in gaps))]
    for begin, end in pairwise([*begins, len(points)]):
        draw_curve(panel, points[begin:end], colour, marker, band=False)
    for left, right in gaps:
        low, high = sorted((left.y or 0.0, right.y or 0.0))
        panel.add_patch(Rectangle((left.x, low), right.x - left.x, high - low, color=colour, alpha=0.10, linewidth=0))


def _find_gaps(points: Sequence[Point], needed: float) -> Iterator[tuple[Point, Point]]:
    """Neighbours of which one met the SLO and the other did not, with a load between them that was not tested."""
    for left, right in pairwise(points):
        if left.y is None or right.y is None or (left.y >= needed) == (right.y >= needed):
            continue
        if right.x - left.x > NEXT_USER:
            yield left, right


def _explain(study: Study, *, boxed: bool, marked: bool) -> Iterator[str]:
    """What the marks of the chart mean, of those that are drawn."""
    yield "Bars: 95 % intervals."
    if boxed:
        yield "Tinted box: no load between its sides was tested; the share falls somewhere inside."
    demand = study.scenario.demand
    if marked and demand:
        need = "users" if study.unit.by == "users" else "load"
        yield (
            f"Peak: {demand.peak_rps:g} requests/s. Dotted: the {need} that it needs of each; solid: with "
            f"{write_percent(demand.headroom)} headroom."
        )


def _find_peaks(study: Study) -> dict[str, tuple[float, float]]:
    """The load that the stated peak needs of each target, without and with its headroom.

    Users by Little's law at the target's own pace; arrivals are the peak itself.
    """
    metric, each = ("needed_users", 1) if study.unit.by == "users" else ("needed_rps", study.unit.turns)
    needs = {target: study.result(target, metric) for target in study.targets}
    room = 1 + _headroom(study)
    return {
        target: (need.value / each / room, need.value / each) for target, need in needs.items() if need and need.value
    }


def _headroom(study: Study) -> float:
    return study.scenario.demand.headroom if study.scenario.demand else 0.0


def _mark_peaks(panel: Axes, peaks: Mapping[str, tuple[float, float]], colour: Mapping[str, str], study: Study) -> None:
    """A line at the peak and one at peak and headroom, the space between them tinted; named once, at the foot."""
    for place, (target, (peak, above)) in enumerate(peaks.items()):
        panel.axvspan(peak, above, color=colour[target], alpha=0.10, linewidth=0)
        for load, style in ((peak, "dotted"), (above, "solid")):
            panel.axvline(load, color=colour[target], linewidth=0.8, linestyle=style)
        text = f"peak + {write_percent(_headroom(study))}: {write_load(study, above)}"
        side, aside_pt = ("right", -3) if _has_no_room_after(panel, above) else ("left", 3)
        panel.annotate(
            text, (above, 0), xycoords=("data", "axes fraction"), xytext=(aside_pt, 4 + 9 * place),
            textcoords="offset points", fontsize=7, color=colour[target], bbox=BACKING, ha=side,
        )  # fmt: skip


def _has_no_room_after(panel: Axes, load: float) -> bool:
    """Whether a label that begins at this load would reach the names at the panel's right edge."""
    low, high = panel.get_xlim()
    return math.log(load / low) > ROOM_FOR_LABEL * math.log(high / low)
