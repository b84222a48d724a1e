"""From the workers' journals to `attempts.parquet`: one row per attempt, whatever happened to the run.

Rule: an attempt's end line wins over its start line, and the latest end over others (a batch that was sent twice). A
start without an end is a row with outcome `lost`. What cannot be read is counted and said. It is done out of core: the
journal is read twice, once for its keys and once to be written.
"""

from pathlib import Path

import duckdb
import msgspec

from firsttoken.error import RunFolderError
from firsttoken.results.columns import TYPES, restored
from firsttoken.results.database import connect, pattern, quoted, reason
from firsttoken.results.lines import Damage, describe, is_torn, read_tail

NAME = "attempts.parquet"
ROWS_PER_GROUP = 20_480
"""Small groups: a reader of one stage skips the others', and a writer holds few gaps in memory."""

SORTING = "768MB"
"""Of memory: a million rows are sorted in half the time that 512 MB take."""

KEYS = """
CREATE TEMP TABLE line AS SELECT request_id, attempt, outcome IS NOT NULL AS ended FROM journal;
CREATE TEMP TABLE ended AS
    SELECT request_id, attempt, count(*) AS times FROM line WHERE ended AND request_id <> '' GROUP BY ALL;
CREATE TEMP TABLE doubled AS SELECT request_id, attempt FROM ended WHERE times > 1;
CREATE TEMP TABLE lost AS
    SELECT DISTINCT request_id, attempt FROM line ANTI JOIN ended USING (request_id, attempt)
    WHERE NOT line.ended AND request_id <> '';
"""

ROWS = """
SELECT * FROM (
    SELECT * FROM journal ANTI JOIN doubled USING (request_id, attempt)
        WHERE outcome IS NOT NULL AND request_id <> ''
    UNION ALL
    SELECT * FROM journal SEMI JOIN doubled USING (request_id, attempt) WHERE outcome IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY request_id, attempt ORDER BY end_ns DESC NULLS LAST, outcome) = 1
    UNION ALL
    SELECT * REPLACE ('lost' AS outcome) FROM journal SEMI JOIN lost USING (request_id, attempt)
        QUALIFY row_number() OVER (PARTITION BY request_id, attempt ORDER BY intended_ns) = 1
) ORDER BY stage, end_ns NULLS LAST, request_id, attempt
"""


def gather(folder: Path) -> list[str]:
    """Write attempts.parquet of a run folder from its journals and return the notes on what they lacked.

    Raises RunFolderError where a journal cannot be read or the file cannot be written.
    """
    journals = find_journals(folder)
    path = folder / NAME
    partial = path.with_name(f"{NAME}.partial")
    try:
        sizes = _encode_sizes(journals)
        with connect(SORTING) as connection:
            connection.execute(f"CREATE TEMP VIEW journal AS {_journal(journals)}")
            connection.execute(KEYS)
            notes = _record_damage(connection, journals)
            connection.execute(f"COPY ({ROWS}) TO {quoted(str(partial))} ({_options(sizes, notes)})")
        partial.replace(path)
    except (OSError, duckdb.Error) as error:
        partial.unlink(missing_ok=True)
        raise RunFolderError(
            f"expected to gather {folder / 'attempts'} into {path}, got: {reason(error)}; the journals are unchanged"
        ) from error
    return notes


def find_journals(folder: Path) -> list[Path]:
    """The workers' journals of a run folder, in order of name; none where no attempt was ever begun."""
    return sorted((folder / "attempts").glob("*.jsonl"))


def read_notes(folder: Path) -> list[str] | None:
    """The notes of a gathered file; None where the journals must be gathered (again).

    The file is up to date while the journals, which only ever grow, have the sizes that it was gathered from. Without
    any journal it stands for itself, and RunFolderError is raised where it cannot be read.
    """
    path = folder / NAME
    journals = find_journals(folder)
    if not path.exists():
        return None
    try:
        with connect() as connection:
            query = f"SELECT key, value FROM parquet_kv_metadata({pattern(path)})"
            stored: dict[bytes, bytes] = dict(connection.execute(query).fetchall())
    except duckdb.Error as error:
        if journals:
            return None
        raise RunFolderError(
            f"expected the rows of a run in {path}, got: {reason(error)}; no journal is left"
        ) from error
    if journals and stored.get(b"journals") != _encode_sizes(journals):
        return None
    return msgspec.json.decode(stored.get(b"notes", b"[]"), type=list[str])


def _encode_sizes(journals: list[Path]) -> bytes:
    return msgspec.json.encode({journal.name: journal.stat().st_size for journal in journals})


def _journal(journals: list[Path]) -> str:
    """The lines of all journals as rows; an invalid line has an empty request_id."""
    columns = ", ".join(restored(name) for name in TYPES)
    if not journals:
        empty = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in TYPES.items())
        return f"SELECT {empty} WHERE false"
    types = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in TYPES.items())
    files = ", ".join(pattern(journal) for journal in journals)
    options = f"format = 'newline_delimited', ignore_errors = true, columns = {{{types}}}"
    return f"SELECT {columns} FROM read_json([{files}], {options})"


def _record_damage(connection: duckdb.DuckDBPyConnection, journals: list[Path]) -> list[str]:
    torn = [journal for journal in journals if is_torn(read_tail(journal))]
    notes = [note for journal in torn for note in describe(Damage(True, 0), f"attempts/{journal.name}")]
    unread, doubled = _count(connection, "line WHERE request_id = ''"), _count(connection, "doubled")
    notes += describe(Damage(False, unread - len(torn)), "The journal")
    if doubled:
        notes.append(f"{doubled} attempts were journalled more than once; the latest end of each counts.")
    return notes


def _count(connection: duckdb.DuckDBPyConnection, of: str) -> int:
    (count,) = connection.execute(f"SELECT count(*) FROM {of}").fetchall()[0]
    return int(count)


def _options(sizes: bytes, notes: list[str]) -> str:
    values = {"journals": sizes, "notes": msgspec.json.encode(notes)}
    metadata = ", ".join(f"{key}: {quoted(text.decode())}" for key, text in values.items())
    return f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_PER_GROUP}, KV_METADATA {{{metadata}}}"
