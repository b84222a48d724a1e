"""How every chart looks: one theme, vector output, the report's typeface, colours that colour-blind readers tell apart.

Rule: a chart names its units on its axes, carries its intervals as bands or bars, labels its lines where they end, and
draws the loads that were run as its ticks. The same data give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib.style
import numpy as np
from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from firsttoken.report.chart.letters import FONTS, find_letters
from firsttoken.report.chart.short_names import shorten_names
from firsttoken.report.chart.ticks import clear_ticks, few_ticks

STYLE = Path(__file__).parent / "house.mplstyle"

TYPEFACE = "Inter"
INK, SOFT, FAINT, PAPER = "#1b2430", "#5d6875", "#d5dae0", "#ffffff"
GOOD, BAD, CAUTION = "#00735c", "#b3261e", "#b07d00"
SERIES = ("#0b5fa5", "#d55e00", "#00876c", "#a8477c", "#b07d00", "#4b9cd3", "#7a5195", "#595959")
"""Okabe and Ito's palette, darkened until a hair line of each reads on white paper."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
BACKING = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
"""What lies behind words that stand on lines."""

CLOSEST = 0.06
"""Ticks of load that are nearer than this share of the axis would write their numbers over each other."""

LONG_END, MOST_ENDS = 13, 6
"""Names at the edge of panels that stand side by side: longer or more of them stand above the drawing."""

FAR = 4.0
"""A limit so many times above a panel's curves would flatten them."""

WIDTH_CM = 17.0
"""The text width of the page: charts are drawn at the size they are printed, so 8 pt is 8 pt."""


def _apply() -> None:
    for face in sorted(FONTS.glob("*.otf")):
        font_manager.fontManager.addfont(face)
    matplotlib.style.use(STYLE)


_apply()


def prepare(names: Iterable[str]) -> None:
    """Have the letters of these names at hand for every chart drawn from now on."""
    letters = find_letters(names)
    for face in letters.faces:
        font_manager.fontManager.addfont(face.path)
    matplotlib.rcParams["font.family"] = [TYPEFACE, *letters.families]


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


def canvas(height_cm: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """A page-wide drawing of panels side by side."""
    figure = _paper(height_cm)
    return figure, _prepared(figure.subplots(1, columns, squeeze=False).flat)


def strips(height_cm: float, heights: Sequence[float]) -> tuple[Figure, list[Axes]]:
    """A page-wide drawing of panels above each other, of these relative heights, over one horizontal axis."""
    figure = _paper(height_cm)
    return figure, _prepared(figure.subplots(len(heights), 1, squeeze=False, sharex=True, height_ratios=heights).flat)


def _paper(height_cm: float) -> Figure:
    figure = Figure(figsize=(WIDTH_CM / 2.54, height_cm / 2.54))
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02, wspace=0.06, hspace=0.05)
    return figure


def _prepared(panels: Iterable[Axes]) -> list[Axes]:
    prepared = list(panels)
    for panel in prepared:
        panel.yaxis.set_major_locator(few_ticks(6))
        panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    return prepared


def save(figure: Figure, path: Path) -> Path:
    """Write the drawing as SVG whose bytes depend on nothing but the drawing, and return `path`."""
    _settle(figure)
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    return path


def _settle(figure: Figure) -> None:
    """Lay the panels out for good, their places rounded: the solver's last digits change from process to process."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    figure.set_layout_engine("none")
    for panel in figure.axes:
        x, y, width, height = panel.get_position().bounds
        panel.set_position((round(x, 6), round(y, 6), round(width, 6), round(height, 6)))
        clear_ticks(panel)


def colours(names: Sequence[str]) -> dict[str, str]:
    """One colour a name, by its place in the scenario: a target keeps its colour on every page."""
    return {name: SERIES[place % len(SERIES)] for place, name in enumerate(names)}


def markers(names: Sequence[str]) -> dict[str, str]:
    """One marker a name, so that colour is never the only difference."""
    return {name: MARKERS[place % len(MARKERS)] for place, name in enumerate(names)}


def load_axis(panel: Axes, levels: Sequence[float], label: str = "users at once", reach: float = 0.0) -> None:
    """A logarithmic axis of load (base 2) with the levels that were run as ticks, up to `reach` if that is further."""
    ticks = sorted(set(levels)) or [1.0]
    low, high = ticks[0], max(ticks[-1], reach)
    panel.set_xscale("log", base=2)
    panel.xaxis.set_major_locator(FixedLocator(_thin(ticks, math.log(max(high / low, 2.0)))))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda level, _: f"{level:,g}"))
    edge = max(high / low, 2.0) ** 0.04
    panel.set_xlim(low / edge, high * edge)
    panel.set_xlabel(label)


def level_axis(panel: Axes, levels: Sequence[float], label: str) -> None:
    """The same axis of load, standing: for charts that show loads over something else."""
    ticks = sorted(set(levels))
    panel.set_yscale("log", base=2)
    panel.yaxis.set_major_locator(FixedLocator(_thin(ticks, math.log(max(ticks[-1] / ticks[0], 2.0)))))
    panel.yaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_formatter(FuncFormatter(lambda level, _: f"{level:,g}"))
    panel.set_ylabel(label)


def _thin(ticks: Sequence[float], width: float) -> list[float]:
    """Ticks of a logarithmic axis so wide whose numbers do not touch; the first and the last stay, and the higher."""
    kept = [ticks[-1]]
    for tick in reversed(ticks[:-1]):
        apart = math.log(kept[-1] / tick)
        if apart >= CLOSEST * width and (tick == ticks[0] or math.log(tick / ticks[0]) >= CLOSEST * width):
            kept.append(tick)
    return kept[::-1] if kept[-1] == ticks[0] else [ticks[0], *kept[::-1]]


def curve(
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


def rule(panel: Axes, text: str, y: float) -> None:
    """A thin dashed line at a limit, named at its left end; one far above the curves is named at the top, not drawn."""
    low, high = panel.get_ylim()
    far = y > low + FAR * (high - low)
    if not far:
        panel.set_ylim(low, max(high, low + 1.1 * (y - low)))
        panel.axhline(y, color=INK, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
    low, high = panel.get_ylim()
    over = not far and y < low + 0.9 * (high - low)
    panel.annotate(
        f"{text}, above this chart" if far else text, (0, min(y, high)), xycoords=("axes fraction", "data"),
        xytext=(2, 3 if over else -3), textcoords="offset points", va="bottom" if over else "top", fontsize=7,
        color=INK, bbox=BACKING, zorder=4,
    )  # fmt: skip


def error_bar(panel: Axes, error: float | None) -> None:
    """The instrument's own error to scale, as a named bar with caps on the zero line; the panel's limits must stand.

    One that is longer than the panel is high is cut there, and its name says so.
    """
    if error is None:
        return
    low, high = panel.get_ylim()
    room = 0.9 * high
    cut = error > room
    below = min(error, max(0.04 * (high - low), -low))
    panel.errorbar(
        [0.015], [0.0], yerr=[[below], [min(error, room)]], transform=panel.get_yaxis_transform(), color=INK,
        linewidth=1.0, capsize=2.5, capthick=0.8, zorder=5, clip_on=False, uplims=False,
    )  # fmt: skip
    words = f"instrument: ± {error:.3g}, more than this chart shows" if cut else "instrument"
    panel.annotate(
        words, (0.015, 0.0), xycoords=panel.get_yaxis_transform(), xytext=(4, 2), textcoords="offset points",
        fontsize=5.5, color=INK, zorder=5, bbox=BACKING,
    )  # fmt: skip
    panel.set_ylim(low, high)


def explain(figure: Figure, sentences: Sequence[str]) -> None:
    """Say at the foot of a drawing what its marks mean, a line for each sentence."""
    figure.supxlabel("\n".join(sentences), fontsize=7, color=SOFT, x=0.0, ha="left")


def empty(panel: Axes, text: str) -> None:
    """Say in the panel's middle why there is nothing to draw."""
    panel.set_axis_off()
    panel.text(0.5, 0.5, text, transform=panel.transAxes, ha="center", va="center", color=SOFT, style="italic")
