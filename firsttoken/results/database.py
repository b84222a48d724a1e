"""DuckDB as this floor uses it: in memory, bounded, spilling to a place of its own, and without a network.

Rule: every connection is opened here, and one that a user's query reaches is locked before it does.
"""

import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path

import duckdb
import msgspec

from firsttoken.decoding.unreadable import UNREADABLE
from firsttoken.results.columns import sql_types

MEMORY = "512MB"
"""What a query may hold in memory; the rest spills, so a run of any size can be read."""
AT_ONCE = 5_000
"""Records that are loaded together: a long run has health lines by the hundred thousand."""


def connect(memory: str = MEMORY) -> duckdb.DuckDBPyConnection:
    """A fresh connection; what does not fit into its memory lies in a folder that goes away when it closes."""
    spill = Path(tempfile.gettempdir()) / f"firsttoken-{uuid.uuid4().hex}"
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "temp_directory": str(spill),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=settings)
    connection.execute("SET enable_progress_bar_print = false")  # it goes to stdout, amid the answer
    return connection


def load(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    kind: type[msgspec.Struct],
    records: Sequence[msgspec.Struct],
) -> None:
    """Make a table of flat records of one kind: a column per field, also where there are no records."""
    shape = msgspec.json.encode([sql_types(kind)]).decode()
    rows = f"SELECT unnest(from_json(?::JSON, {quoted(shape)}), recursive := true)"
    connection.execute(f"CREATE TABLE {table} AS {rows}", ["[]"])
    for start in range(0, len(records), AT_ONCE):
        part = msgspec.json.encode(records[start : start + AT_ONCE]).decode()
        connection.execute(f"INSERT INTO {table} {rows}", [part])


def lock(connection: duckdb.DuckDBPyConnection, readable: Path) -> None:
    """From now on the connection reads this one file, and its settings stay as they are."""
    connection.execute(f"SET allowed_paths = [{quoted(str(readable))}, {pattern(readable)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def quoted(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def pattern(path: Path) -> str:
    """An SQL string literal for one file to read, whatever glob characters its name has."""
    return quoted("".join(f"[{letter}]" if letter in "[*?" else letter for letter in str(path)))


def reason(error: duckdb.Error | OSError) -> str:
    """Why it failed, in one line: without the query that DuckDB draws, or the JSON that it wraps another error in."""
    if isinstance(error, OSError):
        return str(error.strerror)
    line = str(error).strip().split("\n", 1)[0]
    _, opening, rest = line.partition("{")
    try:
        return msgspec.json.decode(opening + rest, type=_Wrapped).exception_message
    except UNREADABLE:
        return line


def advise(error: duckdb.Error) -> str:
    """Why a query failed and what DuckDB would try instead, in one line: names that are near, or how to group."""
    message = str(error).strip().split("\n\n", 1)[0]
    return " ".join(message.split()) if "\n" in message else reason(error)


class _Wrapped(msgspec.Struct):
    """The JSON in which DuckDB puts an error that another part of it raised."""

    exception_message: str
