"""Tables for a terminal of any width.

Rule: no word is ever broken. Headings wrap first, then cells; where the longest words do not fit side by side, each row
becomes a block with a line for each column.
"""

from collections.abc import Sequence
from itertools import product

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

GAPS = (2, 1)
"""Blanks between two columns: where there is room, and else."""

Row = Sequence[str]


def print_table(
    console: Console, header: Row, rows: Sequence[Row], *, numbers: bool = True, total: bool = False
) -> None:
    """Print rows under their headings.

    `numbers`: all columns but the first are right-aligned; `total`: the last row is printed bold.
    """
    fit = fit_widths(header, rows, console.width)
    if fit is None:
        print_blocks(console, header, rows)
        return
    widths, gap = fit
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    for place, (name, width) in enumerate(zip(header, widths, strict=True)):
        table.add_column(Text(name), justify="right" if numbers and place else "left", width=width)
    for row in rows:
        table.add_row(*map(Text, row), style="bold" if total and row is rows[-1] else None)
    console.print(table, crop=False)


def print_blocks(console: Console, header: Row, rows: Sequence[Row]) -> None:
    """Print each row as a block, a line for each column."""
    longest = max(map(cell_len, header))
    for number, row in enumerate(rows, 1):
        console.print(Text(f"row {number} of {len(rows)}", style="bold"))
        for name, value in zip(header, row, strict=True):
            console.print(f"  {name:<{longest}}  {value}", soft_wrap=not console.is_terminal, markup=False)


def fit_widths(header: Row, rows: Sequence[Row], room: int) -> tuple[list[int], int] | None:
    """The width of each column and the gap between two, so that all fit into `room` and no word is broken; None where
    that cannot be."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    words = [max(map(_longest_word, column)) for column in columns]
    cells = [max(_longest_word(column[0]), *map(cell_len, column[1:])) if rows else words[0] for column in columns]
    for least, gap in product((cells, words), GAPS):
        left = room - gap * (len(columns) - 1)
        if sum(least) <= left:
            return _shrink(widths, least, left), gap
    return None


def _shrink(widths: list[int], least: list[int], room: int) -> list[int]:
    """Take columns off the widest until all fit, none below its least width."""
    widths = list(widths)
    while sum(widths) > room:
        widest = max((width, place) for place, width in enumerate(widths) if width > least[place])[1]
        widths[widest] -= 1
    return widths


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)
