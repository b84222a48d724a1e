"""Charts with a row for each target or result: bars of several parts, and differences with their intervals.

Rule: a row without a value says so in its place.
"""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure

from firsttoken.decide.study import Study
from firsttoken.decide.words.units import write_value
from firsttoken.report.chart.axes import few_ticks
from firsttoken.report.chart.canvas import canvas
from firsttoken.report.chart.short_names import shorten_names
from firsttoken.report.chart.theme import FAINT, INK, PAPER, colours

SHADES = ((1.0, PAPER), (0.45, INK))
"""Opacity of the first and the second part of a bar, and the ink of the words on it."""


class Difference(NamedTuple):
    """One row of `draw_differences`: a share with its interval, None where it is unknown."""

    target: str
    name: str
    ends: tuple[float, float, float] | None
    """Value, lower and upper end."""


def metric_bars(study: Study, parts: Sequence[tuple[str, str]], label: str, unknown: str) -> Figure:
    """A bar for each target, made of two parts: (name, metric) over all levels, in dollars."""
    figure, [panel] = canvas(2.0 + 0.9 * len(study.targets))
    for row, (target, colour) in enumerate(colours(study.targets).items()):
        left = 0.0
        for (name, metric), (alpha, ink) in zip(parts, SHADES, strict=True):
            dollars = study.value(target, metric) or 0.0
            if dollars:
                panel.barh(row, dollars, left=left, height=0.6, color=colour, alpha=alpha)
                words = f"{name} {write_value(dollars, 'USD')}"
                panel.text(left + dollars / 2, row, words, ha="center", va="center", fontsize=7.5, color=ink)
            left += dollars
        if not left:
            panel.annotate(unknown, (0, row), xytext=(4, 0), textcoords="offset points", va="center")
    panel.set_yticks(range(len(study.targets)), list(shorten_names(study.targets).values()))
    panel.set_ylim(len(study.targets) - 0.5, -0.5)
    panel.set_xlim(left=0)
    panel.grid(visible=False)
    panel.set_xlabel(label)
    panel.xaxis.set_major_formatter(lambda dollars, _: f"${dollars:,.0f}")
    return figure


def draw_differences(study: Study, rows: Sequence[Difference], within: float, zero: str, label: str) -> Figure:
    """A dot and its interval for every difference; `within` of nothing is shaded, and nothing is named `zero`."""
    figure, [panel] = canvas(2.0 + (0.7 if len(rows) <= 8 else 0.45) * len(rows))
    colour, reach = colours(study.targets), 0.10
    panel.axvspan(-within, within, color=FAINT, alpha=0.6, linewidth=0)
    panel.axvline(0, color=INK, linewidth=0.8)
    panel.grid(visible=False)
    for row, each in enumerate(rows):
        if each.ends is not None:
            value, lo, hi = each.ends
            reach = max(reach, 1.1 * abs(lo), 1.1 * abs(hi))
            panel.hlines(row, lo, hi, color=colour[each.target], linewidth=2.0)
            panel.plot(value, row, "o", color=colour[each.target], markersize=6)
    panel.set_xlim(-reach, reach)
    panel.set_ylim(len(rows) - 0.4, -0.6)
    names = shorten_names(study.targets)
    panel.set_yticks(range(len(rows)), [f"{names[each.target]}, {each.name}" for each in rows])
    panel.xaxis.set_major_locator(few_ticks(5))
    panel.xaxis.set_major_formatter(lambda share, _: f"{100 * share:+.0f} %" if round(share, 3) else zero)
    panel.set_xlabel(label)
    return figure
