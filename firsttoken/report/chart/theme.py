"""How every chart looks: the report's typeface, its inks, and colours that colour-blind readers can distinguish.

Rule: a target keeps its colour and its marker on every page.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib.style
from matplotlib import font_manager

from firsttoken.report.chart.letters import FONTS, find_letters

STYLE = Path(__file__).parent / "house.mplstyle"

TYPEFACE = "Inter"
INK, SOFT, FAINT, PAPER = "#1b2430", "#5d6875", "#d5dae0", "#ffffff"
GOOD, BAD, CAUTION = "#00735c", "#b3261e", "#b07d00"
VERDICT_COLOURS = {"PASS": GOOD, "FAIL": BAD, "UNKNOWN": SOFT}
SERIES = ("#0b5fa5", "#d55e00", "#00876c", "#a8477c", "#b07d00", "#4b9cd3", "#7a5195", "#595959")
"""Okabe and Ito's palette, darkened until a hair line of each reads on white paper."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h")
BACKING = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
"""What lies behind words that stand on lines."""

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


def colours(names: Sequence[str]) -> dict[str, str]:
    """One colour a name, by its place in the scenario: a target keeps its colour on every page."""
    return {name: SERIES[place % len(SERIES)] for place, name in enumerate(names)}


def markers(names: Sequence[str]) -> dict[str, str]:
    """One marker a name, so that colour is never the only difference."""
    return {name: MARKERS[place % len(MARKERS)] for place, name in enumerate(names)}
