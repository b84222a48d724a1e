"""What stands on a chart beside its curves: a limit, the instrument's own error, words.

Rule: a mark is named where it stands.
"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from firsttoken.report.chart.theme import BACKING, INK, SOFT

FAR = 4.0
"""A limit so many times above a panel's curves would flatten them."""


def draw_limit(panel: Axes, text: str, y: float) -> None:
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


def draw_error_bar(panel: Axes, error: float | None) -> None:
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
    words = f"instrument: ± {error:.3g}, beyond this chart" if cut else "instrument"
    panel.annotate(
        words, (0.015, 0.0), xycoords=panel.get_yaxis_transform(), xytext=(4, 2), textcoords="offset points",
        fontsize=5.5, color=INK, zorder=5, bbox=BACKING,
    )  # fmt: skip
    panel.set_ylim(low, high)


def explain(figure: Figure, sentences: Sequence[str]) -> None:
    """Say at the foot of a drawing what its marks mean, a line for each sentence."""
    figure.supxlabel("\n".join(sentences), fontsize=7, color=SOFT, x=0.0, ha="left")


def draw_empty(panel: Axes, text: str) -> None:
    """Say in the panel's middle why there is nothing to draw."""
    panel.set_axis_off()
    panel.text(0.5, 0.5, text, transform=panel.transAxes, ha="center", va="center", color=SOFT, style="italic")
