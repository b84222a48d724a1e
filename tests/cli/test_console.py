"""Sentences on stderr: one line in a pipe, wrapped between words in a terminal."""

import io

import pytest
from rich.console import Console

from firsttoken.cli import console

LONG = "expected a new or empty folder, this one has content: " + "choose another or move it away " * 4


def test_in_a_pipe_a_sentence_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    console.complain(LONG)

    assert capsys.readouterr().err.splitlines() == [f"firsttoken: {LONG}"]


def test_in_a_terminal_it_breaks_between_words() -> None:
    screen = Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None)

    console.say(screen, LONG)

    assert isinstance(screen.file, io.StringIO)
    lines = screen.file.getvalue().splitlines()
    assert len(lines) > 3
    assert " ".join(" ".join(lines).split()) == LONG.strip()
    assert all(len(line) <= 40 for line in lines)


def test_brackets_are_text_and_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    console.warn("load.users=[1, 4] and [red]")

    assert capsys.readouterr().err == "note: load.users=[1, 4] and [red]\n"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a\x1b[2Jb", r"a\x1b[2Jb"), ("a\u202eb", r"a\u202eb"), ("a\u200bb", r"a\u200bb"), ("模型 ok", "模型 ok")],
)
def test_what_a_terminal_would_obey_or_hide_is_written_out(
    name: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    console.complain(f"got {name}")

    assert f"got {shown}" in capsys.readouterr().err
