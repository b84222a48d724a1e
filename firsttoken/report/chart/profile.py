"""A load that changes, over time: what was asked for, and the share of requests that kept the promise in each part.

Rule: it stands for the chart of attainment against load, as a course has one peak and not several levels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from numpy.typing import NDArray

from firsttoken.decide.judge.profile import Part
from firsttoken.decide.study import Study
from firsttoken.decide.words.units import write_share
from firsttoken.report.chart import theme
from firsttoken.report.chart.ticks import few_ticks
from firsttoken.stats.estimate import Estimate

Floats = NDArray[np.float64]


def draw_course(study: Study, height_cm: float, *, waits: bool = False) -> Drawing:
    """Two strips over the time since the course began, the load and the attainment, and the waits where asked for."""
    figure, panels = theme.strips(height_cm, [1.0, 2.0, 1.6] if waits else [1.0, 2.0])
    known = {target: parts for target, parts in study.courses.items() if parts}
    if not known:
        theme.empty(panels[1], "No load was measured to its end.")
        return figure
    load, attainment, *rest = panels
    load.set_title(study.unit.axis.capitalize())
    _draw_load(load, next(iter(known.values())))
    attainment.set_title("Kept the promise, % of requests")
    _draw_shares(attainment, study, known)
    for panel in rest:
        panel.set_title("Median wait for the first word, seconds")
        _draw_waits(panel, study, known)
    panels[-1].set_xlabel("seconds since the course began")
    panels[-1].set_xlim(0, max(parts[-1].ends_s for parts in known.values()))
    return figure


def _draw_load(panel: Axes, parts: Sequence[Part]) -> None:
    for part in parts:
        panel.fill_between([part.begins_s, part.ends_s], 0, part.load, color=theme.FAINT, linewidth=0)
    panel.set_ylim(0, 1.1 * max(part.load for part in parts))
    panel.yaxis.set_major_locator(few_ticks())


def _draw_shares(panel: Axes, study: Study, known: dict[str, Sequence[Part]]) -> None:
    colour = theme.colours(study.targets)
    ends: list[theme.End] = []
    for target, parts in known.items():
        _draw_steps(panel, parts, [part.share for part in parts], 0.01, colour[target])
        ends.append(theme.End(parts[-1].ends_s, 100 * (parts[-1].share.value or 0.0), target, colour[target]))
    panel.set_ylim(0, 105)
    theme.rule(panel, f"promise: {write_share(study.promise.share)}", 100 * study.promise.share)
    theme.label_ends(panel, ends)


def _draw_waits(panel: Axes, study: Study, known: dict[str, Sequence[Part]]) -> None:
    colour = theme.colours(study.targets)
    for target, parts in known.items():
        _draw_steps(panel, parts, [part.wait_ms for part in parts], 1000.0, colour[target])
    panel.set_ylim(0, 1.08 * panel.get_ylim()[1])


def _draw_steps(panel: Axes, parts: Sequence[Part], figures: Sequence[Estimate], per: float, colour: str) -> None:
    """A level line for each part whose figure has an interval, and that as a band."""
    for part, figure in zip(parts, figures, strict=True):
        if not figure.shown:
            continue
        across = [part.begins_s, part.ends_s]
        value, low, high = (_finite(end, per) for end in (figure.value, figure.lo, figure.hi))
        panel.plot(across, [value, value], color=colour, linewidth=1.4, solid_capstyle="butt")
        panel.fill_between(across, low, high, color=colour, alpha=0.16, linewidth=0)


def _finite(value: float | None, per: float) -> float:
    """A value in the unit of its panel; nan, which is not drawn, where users waited for ever."""
    return float("nan") if value is None or np.isinf(value) else value / per
