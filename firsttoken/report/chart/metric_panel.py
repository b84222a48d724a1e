"""The chart of metrics against the load: a panel for each metric, a curve for each target.

Rule: what the study does not print is not drawn: too few samples make a gap in a curve. A panel of a latency that the
SLO limits shows the limit, and one of first tokens shows the instrument's own error to scale.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from firsttoken.decide.metrics.table import METRICS
from firsttoken.decide.metrics.value import MetricValue
from firsttoken.decide.study import Study
from firsttoken.decide.words.units import write_value
from firsttoken.report.chart.axes import load_axis
from firsttoken.report.chart.canvas import canvas
from firsttoken.report.chart.curves import End, Point, draw_curve, end_of, label_ends
from firsttoken.report.chart.marks import draw_empty, draw_error_bar, draw_limit
from firsttoken.report.chart.theme import colours, markers
from firsttoken.report.instrument_error import find_error_ms
from firsttoken.report.metric_table import find_shown

UNDRAWN = frozenset({"UNDERSAMPLED", "CENSORED"})
"""Flags of a quantile that is not drawn; a share that is cut off is drawn, for its interval holds what is possible."""
HEADROOM = 1.08
"""How much higher than its curves a panel is."""


class MetricPanel(NamedTuple):
    """A metric as a panel of `metric_figure`."""

    title: str
    metric: str
    q: float | None = None
    shown: str = ""
    """As in a column: "s" for seconds of a latency; empty: the metric's own unit."""
    dashed: tuple[str, float | None] | None = None
    """Another metric and quantile, drawn dashed beside it."""
    least: tuple[float, float] = (0.0, 0.0)
    """Where the vertical axis begins, and up to where it reaches at least."""
    marks: bool = True
    """Whether the limit of the SLO and the instrument's error are shown, where there are any."""
    also: Callable[[Axes, Study], None] | None = None
    """What else is drawn in the panel, before its axes are fixed."""


def metric_figure(
    study: Study, panels: Sequence[MetricPanel], height_cm: float = 8.0, targets: Sequence[str] = ()
) -> Figure | None:
    """The panels side by side, a curve for each of these targets (all where none is named).

    None where no metric has a value to draw, and where the load changes while it is measured: it has no axis of levels.
    """
    shown = list(targets) or study.targets
    metrics = [metric for panel in panels for metric in ((panel.metric, panel.q), panel.dashed) if metric]
    if study.unit.shape or not any(shows_any(study, *metric) for metric in metrics):
        return None
    drawing, axes = canvas(height_cm, columns=len(panels))
    for panel, spec in zip(axes, panels, strict=True):
        panel.set_title(spec.title)
        _draw_panel(panel, study, spec, shown, label_size=7.0 if len(panels) > 2 else 8.0)
    return drawing


def curve_of(study: Study, target: str, metric: str, q: float | None = None, per: float = 1.0) -> list[Point]:
    """A metric against the load, all repeats together, each value divided by `per` (1,000 makes seconds of ms)."""
    return [_point(level, study.result(target, metric, level=level, q=q), per) for level in study.levels(target)]


def shows_any(study: Study, metric: str, q: float | None = None) -> bool:
    """Whether a metric has a value to draw at any load of any target."""
    return any(end_of(curve_of(study, target, metric, q), "", "") for target in study.targets)


def _point(level: float, result: MetricValue | None, per: float) -> Point:
    if result is None or result.value is None or (result.q is not None and UNDRAWN & set(result.flags)):
        return Point(level, None)
    ends = [None if end is None else end / per for end in (result.lo, result.hi)]
    return Point(level, result.value / per, *ends)


def _draw_panel(panel: Axes, study: Study, spec: MetricPanel, targets: Sequence[str], label_size: float) -> None:
    per = find_shown(METRICS[spec.metric].unit, spec.shown).per
    ends = [end for target in targets for end in _draw_target(panel, study, spec, target, per)]
    if not ends:
        draw_empty(panel, "unknown")
        return
    if spec.also:
        spec.also(panel, study)
    load_axis(panel, [level for target in targets for level in study.levels(target)], study.unit.axis)
    low, high = spec.least
    panel.set_ylim(low, max(high, HEADROOM * panel.get_ylim()[1]))
    limit_ms, error_ms = study.slo.limits_ms.get(spec.metric), find_error_ms(study, spec.metric)
    if spec.marks and limit_ms is not None:
        draw_limit(panel, f"SLO: {write_value(limit_ms, 'ms')}", limit_ms / per)
    label_ends(panel, ends, label_size)
    if spec.marks and error_ms is not None:
        draw_error_bar(panel, error_ms / per)


def _draw_target(panel: Axes, study: Study, spec: MetricPanel, target: str, per: float) -> list[End]:
    """A target's curves; the end of the one that reaches further, of both the solid one's."""
    colour = colours(study.targets)[target]
    points, beside = curve_of(study, target, spec.metric, spec.q, per), list[Point]()
    if spec.dashed:
        beside = curve_of(study, target, *spec.dashed, per)
        draw_curve(panel, beside, colour, dashed=True)
    draw_curve(panel, points, colour, markers(study.targets)[target])
    ends = end_of(points, target, colour) + end_of(beside, target, colour)
    return [max(ends, key=lambda end: end.x)] if ends else []
