"""Words of a drawing in letters of several fonts: one text for each run of letters, in the font that has them.

Rule: Typst takes one font for a whole text of an SVG, and loses letters where that one lacks them. So a text that needs
several becomes several, side by side; a text in the report's own letters stays as it is.
"""

import html
import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence

from matplotlib.ft2font import FT2Font, LoadFlags

from firsttoken.report.chart.letters import FONTS, Face, find_foreign

_TEXT = re.compile(r"<text style=\"([^\"]*)\" x=\"([^\"]*)\"([^>]*)>([^<]*)</text>")
_SIZE = re.compile(r"font-size: ([\d.]+)px")
_FAMILY = re.compile(r"font-family: [^;]*")
_ANCHOR = re.compile(r"text-anchor: (\w+)(?:; )?")
GAP = 0.08
"""Between runs, in sizes of the letters: a shaped word is not quite as wide as its letters side by side."""
OWN = FONTS / "Inter-Regular.otf"

Run = tuple[Face | None, str]
"""Letters of one font; None is the report's own."""


def set_runs(svg: str, faces: Sequence[Face]) -> str:
    """The drawing with each run of letters in a font that has it."""
    return _TEXT.sub(lambda match: _set_text(match, faces), svg) if faces else svg


def split_runs(text: str, faces: Sequence[Face]) -> list[Run]:
    """The text in pieces of one font each; an accent or a joiner stays with the letter before it."""

    def choose() -> Iterator[tuple[Face | None, str]]:
        face: Face | None = None
        for letter in text:
            if unicodedata.category(letter) not in ("Mn", "Mc", "Cf"):
                face = next((each for each in faces if letter in each.letters), None) if find_foreign(letter) else None
            yield face, letter

    return [
        (face, "".join(letter for _, letter in run)) for face, run in itertools.groupby(choose(), lambda one: one[0])
    ]


def measure_width(run: Run, size: float) -> float:
    """How wide a run stands at so many pixels, its letters side by side."""
    font = FT2Font(str(run[0].path if run[0] else OWN))
    font.set_size(size, 72)
    return sum(font.load_char(ord(letter), flags=LoadFlags.NO_HINTING).linearHoriAdvance for letter in run[1]) / 65536


def _set_text(match: re.Match[str], faces: Sequence[Face]) -> str:
    style, x, rest, escaped = match.groups()
    runs = split_runs(html.unescape(escaped), faces)
    if runs == [] or [face for face, _ in runs] == [None]:
        return match[0]
    anchor = _ANCHOR.search(style)
    at_end = anchor is not None and anchor[1] == "end"
    size = float(found[1]) if (found := _SIZE.search(style)) else 8.0
    widths = [measure_width(run, size) + GAP * size for run in runs]
    left = float(x) - sum(widths) * (0.5 if anchor and anchor[1] == "middle" else 0.0)
    placed = []
    for place, (face, letters) in enumerate(runs):
        at = float(x) - sum(widths[place + 1 :]) if at_end else left + sum(widths[:place])
        set_in = _FAMILY.sub(f"font-family: '{face.family}'", style) if face else style
        alone = _ANCHOR.sub("text-anchor: end; " if at_end else "", set_in)
        placed.append(f'<text style="{alone}" x="{at:.6f}"{rest}>{html.escape(letters, quote=False)}</text>')
    return "".join(placed)
