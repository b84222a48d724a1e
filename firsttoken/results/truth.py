"""The servers' own truth, where a run has it: `truth/*.jsonl`, one line per attempt that a simulator answered.

Rule: the truth is on the same clock as the rows once the run's origin is taken off; a line that is torn is no truth.
"""

from pathlib import Path

import duckdb

from firsttoken.results import database

COLUMNS = {"request_id": "VARCHAR", "arrival_ns": "BIGINT", "first_token_ns": "BIGINT", "last_token_ns": "BIGINT"}
"""What is read of a line; `request_id` is the x-request-id that the server answered with."""


def load_truth(connection: duckdb.DuckDBPyConnection, folder: Path, origin_ns: int) -> None:
    """Make the table `truth` of all truth logs of a run; empty where there are none. Times are ns since the origin."""
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute(f"CREATE TABLE truth ({columns})")
    for path in sorted((folder / "truth").glob("*.jsonl")):
        shape = "{" + ", ".join(f"{name}: {database.quoted(kind)}" for name, kind in COLUMNS.items()) + "}"
        lines = (
            f"read_json({database.pattern(path.resolve())}, format = 'newline_delimited', columns = {shape}, "
            "ignore_errors = true)"
        )
        times = ", ".join(f"{name} - {origin_ns}" for name in COLUMNS if name.endswith("_ns"))
        connection.execute(f"INSERT INTO truth SELECT request_id, {times} FROM {lines} WHERE request_id IS NOT NULL")
