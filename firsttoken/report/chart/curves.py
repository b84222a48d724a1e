"""Lines of measured values, each with its interval, and their names where they end.

Rule: an unknown or infinite value breaks a line, an interval is drawn with it, and no two names touch.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from firsttoken.report.chart.short_names import shorten_names
from firsttoken.report.chart.theme import WIDTH_CM

LONG_END, MOST_ENDS = 13, 6
"""Names at the edge of panels that stand side by side: longer or more of them stand above the drawing."""


class Point(NamedTuple):
    """One measured value with its 95 % interval; None where there is none, infinite where requests failed."""

    x: float
    y: float | None
    lo: float | None = None
    hi: float | None = None


class End(NamedTuple):
    """Where a line ends, and the words that stand there."""

    x: float
    y: float
    text: str
    colour: str


def draw_curve(
    panel: Axes, points: Sequence[Point], colour: str, marker: str = "o", *, dashed: bool = False, band: bool = True
) -> None:
    """A line through the known values, its interval as bars and a band; an unknown or infinite value breaks it."""
    x = np.array([point.x for point in points])
    y, lo, hi = (_numbers([getattr(point, end) for point in points]) for end in ("y", "lo", "hi"))
    if dashed:
        panel.plot(x, y, color=colour, linewidth=1.0, linestyle=(0, (4, 2)), zorder=3)
        return
    panel.plot(x, y, color=colour, marker=marker, zorder=3)
    if band:
        panel.fill_between(x, lo, hi, color=colour, alpha=0.16, linewidth=0, zorder=2)
    panel.vlines(x, lo, hi, color=colour, linewidth=0.8, alpha=0.7, zorder=2)


def _numbers(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([math.nan if value is None or math.isinf(value) else value for value in values], dtype=np.float64)


def end_of(points: Sequence[Point], text: str, colour: str) -> list[End]:
    """The end of a curve, to be labelled; nothing where the curve has no value."""
    known = [End(point.x, point.y, text, colour) for point in points if point.y is not None and math.isfinite(point.y)]
    return known[-1:]


def label_ends(panel: Axes, ends: Sequence[End], size: float = 8.0) -> None:
    """Write each line's name at the panel's right edge, moved up or down just enough that no two names touch.

    Names that would take their panels' room stand above the drawing instead. The limits of the panel must stand. Its
    height is taken before it is laid out, which is right to a few per cent.
    """
    labels = shorten_names([end.text for end in ends])
    grid = panel.get_gridspec()
    if grid is not None and grid.ncols > 1 and (len(ends) > MOST_ENDS or max(map(len, labels.values())) > LONG_END):
        _name_above(panel, [end._replace(text=labels[end.text]) for end in ends])
        return
    order = sorted(ends, key=lambda end: end.y)
    height, (low, high) = _height_pt(panel), panel.get_ylim()
    wanted = [height * (end.y - low) / (high - low) for end in order]
    for end, place, natural in zip(order, spread(wanted, 1.3 * size), wanted, strict=True):
        panel.annotate(
            labels[end.text], (1, end.y), xycoords=("axes fraction", "data"), xytext=(3, place - natural),
            textcoords="offset points", va="center", color=end.colour, fontsize=size, fontweight=600,
            annotation_clip=False,
        )  # fmt: skip


def _name_above(panel: Axes, ends: Sequence[End]) -> None:
    """Add names to the one legend above a drawing, each with its line's colour and marker."""
    figure = panel.get_figure(root=True)
    if figure is None:
        return
    known: dict[str, Artist] = {}
    for legend in list(figure.legends):
        drawn = zip(legend.get_texts(), legend.legend_handles, strict=True)
        known |= {text.get_text(): handle for text, handle in drawn if handle is not None}
        legend.remove()
    for end in ends:
        markers = {line.get_marker() for line in panel.lines if line.get_color() == end.colour} - {"None", None, ""}
        marker = str(min(markers, key=str, default=""))
        known.setdefault(end.text, Line2D([], [], color=end.colour, marker=marker))
    longest = max(map(len, known))
    columns = max(1, min(len(known), int(WIDTH_CM / (0.13 * longest + 1.0))))
    figure.legend(
        list(known.values()), list(known), loc="outside upper left", ncols=columns, frameon=False, fontsize=7,
        handlelength=1.4, columnspacing=1.4, borderaxespad=0.0,
    )  # fmt: skip


def _height_pt(panel: Axes) -> float:
    return float(72 * panel.get_window_extent().height / panel.get_figure(root=True).dpi)  # type: ignore[union-attr] # it has one


def spread(wanted: Sequence[float], apart: float) -> list[float]:
    """The places nearest to `wanted` (ascending) that stand at least `apart` from each other.

    Neighbours that collide are pooled and centred on their mean (pool adjacent violators on wanted - i * apart).
    """
    pools: list[tuple[float, int]] = []
    for place, value in enumerate(wanted):
        mean, size = value - place * apart, 1
        while pools and pools[-1][0] > mean:
            before, weight = pools.pop()
            mean, size = (before * weight + mean * size) / (weight + size), weight + size
        pools.append((mean, size))
    levelled = [mean for mean, size in pools for _ in range(size)]
    return [mean + place * apart for place, mean in enumerate(levelled)]
