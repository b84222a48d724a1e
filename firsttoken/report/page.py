"""A page of the report: one question, its answer in one sentence, a chart, a table, and what to mind.

Rule: a file in analysis/ is `build(study) -> Page | None` (None: this run has nothing to say to the question) and its
place among the pages, `ORDER`; `run_alone` makes the same file a command. A page holds text that is ready to read:
the template adds no digit and no unit.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn

from matplotlib.figure import Figure

from firsttoken.decide.study import Study, study_run
from firsttoken.error import RunFolderError
from firsttoken.report.chart.canvas import save
from firsttoken.report.chart.theme import prepare
from firsttoken.report.quiet import silence_libraries


class Cell(NamedTuple):
    """What stands in one place of a table: the value, its interval or aside in small print, its colour."""

    text: str
    detail: str = ""
    colour: str = ""


Cells = tuple[Cell | str, ...]
"""One row of a table."""


class Column(NamedTuple):
    """A column's head; numbers stand right, words left; a wide one takes the room that the others leave."""

    title: str
    unit: str = ""
    words: bool = False
    wide: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under columns. A row whose first cell is empty belongs to the row above it."""

    columns: Sequence[Column]
    rows: Sequence[Cells]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"table: expected {len(self.columns)} cells in a row, got {len(row)}: {row!r}")


@dataclass(frozen=True)
class Page:
    """One question answered.

    `title` names the page in the contents, `finding` is its headline, `caption` says how to read the figure (what
    is drawn, n, window), `notes` are what a careful reader must know before quoting a number.
    """

    slug: str
    title: str
    question: str
    finding: str
    figure: Figure | None = None
    caption: str = ""
    table: Table | None = None
    notes: tuple[str, ...] = ()


Builder = Callable[[Study], Page | None]
"""What a file in analysis/ offers as `build`."""


def cell(value: Cell | str) -> Cell:
    """`value` as a Cell."""
    return value if isinstance(value, Cell) else Cell(value)


def list_names(study: Study) -> list[str]:
    """Every name of the user's own that a chart may show."""
    targets = study.scenario.target
    return [study.run.manifest.name, *(target.name for target in targets), *(target.model for target in targets)]


def as_text(page: Page) -> str:
    """The page for a terminal: question, finding, table, notes."""
    parts = [page.question, page.finding]
    if page.table:
        parts.append(table_text(page.table))
    parts += [f"Note: {note}" for note in page.notes]
    return "\n\n".join(parts)


def table_text(table: Table) -> str:
    """The table in fixed-width columns, intervals beside their values."""
    heads = [" ".join(filter(None, (column.title, column.unit))) for column in table.columns]
    body = [[" ".join(filter(None, cell(value)[:2])) for value in row] for row in table.rows]
    widths = [max(map(len, column)) for column in zip(heads, *body, strict=True)]
    lines = []
    for row in [heads, *body]:
        placed = zip(row, widths, table.columns, strict=True)
        lines.append("  ".join(f"{text:<{width}}" if c.words else f"{text:>{width}}" for text, width, c in placed))
    return "\n".join(line.rstrip() for line in lines)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: {message}\n")


def run_alone(build: Builder, doc: str | None) -> int:
    """Make an analysis file a command: print its page for the run named on the command line, write its figure.

    Returns the exit status: 0, or 1 with a sentence on stderr when the argument is not a run folder. Without one it
    exits with 1 too: 2 means everywhere here that an SLO was missed.
    """
    parser = _Parser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the figure goes (default: RUN/figures/)")
    asked = parser.parse_args()
    silence_libraries()
    try:
        study = study_run(asked.run)
        prepare(list_names(study))
        page = build(study)
    except RunFolderError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    if page is None:
        sys.stdout.write("This run has no data for this question.\n")
        return 0
    sys.stdout.write(as_text(page) + "\n")
    if page.figure is not None:
        out = asked.out or asked.run / "figures" / f"{page.slug}.svg"
        out.parent.mkdir(parents=True, exist_ok=True)
        sys.stdout.write(f"\nFigure: {save(page.figure, out)}\n")
    return 0
