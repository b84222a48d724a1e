"""The one chart of page one: how many requests kept the promise, against the load."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from firsttoken.decide.study import Study
from firsttoken.decide.units import write_share
from firsttoken.report import theme
from firsttoken.report.series import curve_of, write_load, write_percent

MOST_PEAKS = 3
"""Of more targets the peaks are not marked: their lines and names would cover the curves."""


def draw_attainment(study: Study) -> Drawing:
    """Every target's attainment with its band, the share that was promised, and the peak where one is stated."""
    figure, [panel] = theme.canvas(10.0)
    colour, marker = theme.colours(study.targets), theme.markers(study.targets)
    ends: list[theme.End] = []
    for target in study.targets:
        curve = curve_of(study, target, "attainment", per=0.01)
        theme.curve(panel, curve, colour[target], marker[target])
        ends += theme.end_of(curve, target, colour[target])
    if not ends:
        theme.empty(panel, "No load was measured to its end.")
        return figure
    panel.set_ylim(0, 105)
    panel.yaxis.set_major_formatter(lambda share, _: f"{share:.0f} %")
    peaks = _find_peaks(study)
    levels = [level for target in study.targets for level in study.levels(target)]
    theme.load_axis(panel, levels, study.unit.axis, reach=max([above for _, above in peaks.values()], default=0))
    theme.rule(panel, f"promise: {write_share(study.scenario.slo.share)}", 100 * study.scenario.slo.share)
    if len(peaks) <= MOST_PEAKS:
        _mark_peaks(panel, peaks, colour, study)
    theme.label_ends(panel, ends)
    return figure


def _find_peaks(study: Study) -> dict[str, tuple[float, float]]:
    """The load that the stated peak needs of each target, without and with its headroom.

    Users by Little's law at the target's own pace; arrivals are the peak itself.
    """
    metric, each = ("needed_users", 1) if study.unit.by == "users" else ("needed_rps", study.unit.turns)
    needs = {target: study.figure(target, metric) for target in study.targets}
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
        panel.annotate(
            text, (above, 0), xycoords=("data", "axes fraction"), xytext=(3, 4 + 9 * place),
            textcoords="offset points", fontsize=7, color=colour[target], bbox=theme.BACKING,
        )  # fmt: skip
