"""A connection spills to a place of its own, and its errors are one line."""

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import duckdb
import msgspec
import pytest

from firsttoken.results.database import connect, load, pattern, quoted, reason


class Point(msgspec.Struct):
    """A flat record."""

    number: int
    word: str | None


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(28, "No space left on device"), "No space left on device"),
        (duckdb.IOException("IO Error: no\n\nLINE 1: SELECT\n   ^"), "IO Error: no"),
        (
            duckdb.IOException(
                'IO Error: Async write failed: {"exception_type":"IO","exception_message":"disk full","errno":"28"}'
            ),
            "disk full",
        ),
    ],
    ids=["of the system", "with a drawing", "wrapped"],
)
def test_the_reason_of_an_error_is_one_line(error: duckdb.Error | OSError, line: str) -> None:
    assert reason(error) == line


def test_text_is_quoted_and_file_names_are_literal() -> None:
    assert quoted("it's") == "'it''s'"
    assert pattern(Path("/a[1]/b*?.x")) == "'/a[[]1]/b[*][?].x'"


def test_what_does_not_fit_in_memory_spills_and_is_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with connect() as connection:
        connection.execute("SET memory_limit = '60MB'")
        connection.execute(
            "CREATE TABLE many AS SELECT range AS x, repeat('y', 40) || range AS y FROM range(3_000_000)"
        )
        assert [path.name.startswith("firsttoken-") for path in tmp_path.iterdir()] == [True]

    assert list(tmp_path.iterdir()) == []


def test_records_are_loaded_in_parts_and_all_of_them_arrive_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firsttoken.results.database.AT_ONCE", 2)
    with connect() as connection:
        load(connection, "points", Point, [Point(number, None if number % 2 else "even") for number in range(5)])
        rows = connection.execute("FROM points").fetchall()

    assert rows == [(0, "even"), (1, None), (2, "even"), (3, None), (4, "even")]


@pytest.mark.parametrize("on_a_terminal", [True, False])
def test_a_slow_query_writes_nothing_but_its_answer_to_stdout(on_a_terminal):
    """DuckDB draws a bar of its progress into stdout where the main module has no file, as under `python -c`."""
    ours, theirs = pty.openpty() if on_a_terminal else os.pipe()
    asked = subprocess.Popen([sys.executable, "-c", SLOW], stdout=theirs)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # how a terminal says that nobody is left at its other end
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)

    assert asked.wait(timeout=60) == 0
    assert shown.split() == [b"begin", b"30000000", b"end"]


SLOW = """
from firsttoken.results.database import connect

connection = connect()
connection.execute("SET progress_bar_time = 1")
print("begin", flush=True)
slow = "SELECT count(*) FROM range(3_000) a, range(10_000) b WHERE a.range * b.range >= 0"
print(*connection.execute(slow).fetchone())
print("end")
"""
"""A query whose progress would be shown after a millisecond instead of after two seconds."""
