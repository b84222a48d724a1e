"""The paper of a chart: a page-wide drawing of panels, side by side or above each other, and how it is saved.

Rule: the same drawing gives the same bytes, and it is drawn at the size at which it is printed.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from firsttoken.report.chart.axes import clear_ticks, few_ticks
from firsttoken.report.chart.theme import WIDTH_CM


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
