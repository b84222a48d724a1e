"""A load that changes, over time: what was asked for, and the share of requests that met the SLO in each time slice.

Rule: it stands for the chart of attainment against load, as a load profile has one peak and not several levels.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from firsttoken.decide.judge.profile import TimeSlice
from firsttoken.decide.study import Study
from firsttoken.decide.words.units import write_share
from firsttoken.report.chart.axes import few_ticks
from firsttoken.report.chart.canvas import strips
from firsttoken.report.chart.curves import End, label_ends
from firsttoken.report.chart.marks import draw_empty, draw_limit
from firsttoken.report.chart.theme import FAINT, colours
from firsttoken.stats.estimate import Estimate

Floats = NDArray[np.float64]


def draw_load_profile(study: Study, height_cm: float, *, waits: bool = False) -> Figure:
    """Two strips over the time since the profile began, the load and the attainment, and the waits where asked for."""
    figure, panels = strips(height_cm, [1.0, 2.0, 1.6] if waits else [1.0, 2.0])
    known = {target: slices for target, slices in study.load_profiles.items() if slices}
    if not known:
        draw_empty(panels[1], "No load level finished.")
        return figure
    load, attainment, *rest = panels
    load.set_title(study.unit.axis.capitalize())
    _draw_load(load, next(iter(known.values())))
    attainment.set_title("Met the SLO, % of requests")
    _draw_shares(attainment, study, known)
    for panel in rest:
        panel.set_title("Median wait for the first word, seconds")
        _draw_waits(panel, study, known)
    panels[-1].set_xlabel("seconds since the load profile began")
    panels[-1].set_xlim(0, max(slices[-1].ends_s for slices in known.values()))
    return figure


def _draw_load(panel: Axes, slices: Sequence[TimeSlice]) -> None:
    for time_slice in slices:
        panel.fill_between([time_slice.begins_s, time_slice.ends_s], 0, time_slice.load, color=FAINT, linewidth=0)
    panel.set_ylim(0, 1.1 * max(time_slice.load for time_slice in slices))
    panel.yaxis.set_major_locator(few_ticks())


def _draw_shares(panel: Axes, study: Study, known: dict[str, Sequence[TimeSlice]]) -> None:
    colour = colours(study.targets)
    ends: list[End] = []
    for target, slices in known.items():
        _draw_steps(panel, slices, [time_slice.share for time_slice in slices], 0.01, colour[target])
        ends.append(End(slices[-1].ends_s, 100 * (slices[-1].share.value or 0.0), target, colour[target]))
    panel.set_ylim(0, 105)
    draw_limit(panel, f"SLO: {write_share(study.slo.share)}", 100 * study.slo.share)
    label_ends(panel, ends)


def _draw_waits(panel: Axes, study: Study, known: dict[str, Sequence[TimeSlice]]) -> None:
    colour = colours(study.targets)
    for target, slices in known.items():
        _draw_steps(panel, slices, [time_slice.wait_ms for time_slice in slices], 1000.0, colour[target])
    panel.set_ylim(0, 1.08 * panel.get_ylim()[1])


def _draw_steps(panel: Axes, slices: Sequence[TimeSlice], results: Sequence[Estimate], per: float, colour: str) -> None:
    """A level line for each slice whose value has an interval, and that as a band."""
    for time_slice, result in zip(slices, results, strict=True):
        if not result.shown:
            continue
        across = [time_slice.begins_s, time_slice.ends_s]
        value, low, high = (_finite(end, per) for end in (result.value, result.lo, result.hi))
        panel.plot(across, [value, value], color=colour, linewidth=1.4, solid_capstyle="butt")
        panel.fill_between(across, low, high, color=colour, alpha=0.16, linewidth=0)


def _finite(value: float | None, per: float) -> float:
    """A value in the unit of its panel; nan, which is not drawn, where users waited for ever."""
    return float("nan") if value is None or np.isinf(value) else value / per
