"""Tables of the terminal: whatever the width, no word is broken."""

import io

import pytest
from rich.console import Console

from firsttoken.cli.tables import fit_widths, print_table

HEADER = ["target", "first token", "met the SLO", "failed per 1,000"]
ROWS = [["gpt-5.2-codex", "1.10 s", "97.3 %", "0"], ["gpt-5.4", "n/a (n = 3)", "100 %", "61.9"]]
WORDS = {word for row in [HEADER, *ROWS] for cell in row for word in cell.split()}


def shown(width: int, header: list[str] = HEADER, rows: list[list[str]] = ROWS) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    print_table(console, header, rows)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", range(34, 90))
def test_no_word_is_ever_broken(width: int) -> None:
    lines = shown(width)

    assert {word for line in lines for word in line.split()} >= WORDS
    assert all(len(line) <= width for line in lines)


def test_headings_wrap_before_cells_do() -> None:
    head, *rest = shown(50)

    assert "failed per 1,000" not in head
    assert any("n/a (n = 3)" in line for line in rest)


def test_where_words_do_not_fit_side_by_side_each_row_is_a_block() -> None:
    lines = shown(30)

    assert lines[0] == "row 1 of 2"
    assert lines[1].split() == ["target", "gpt-5.2-codex"]


def test_numbers_stand_at_the_right() -> None:
    first, second = shown(80)[1:]

    assert len(first) == len(second)
    assert first.endswith("   0")


@pytest.mark.parametrize("room", [4, 5, 9, 12, 40])
def test_widths_fit_the_room_or_there_are_none(room: int) -> None:
    fit = fit_widths(["a b", "cc"], [["dd ee", "f g h"]], room)

    assert fit is None if room < 5 else fit is not None and sum(fit[0]) + fit[1] <= room


def test_a_wide_script_takes_two_columns_a_letter() -> None:
    assert fit_widths(["x"], [["模型"]], 4) == ([4], 2)
    assert fit_widths(["x"], [["模型"]], 3) is None


def test_brackets_are_text_and_no_markup() -> None:
    assert any("[bold]odd[/bold]" in line for line in shown(80, ["name"], [["[bold]odd[/bold]"]]))
