"""A connection spills to a place of its own, and its errors are one line."""

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
