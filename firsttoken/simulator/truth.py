"""The truth log: one JSON line per request, with the times at which the server itself wrote.

Rule: times are CLOCK_MONOTONIC ns, taken immediately before the write they stand for; what did not happen is null.
Lines are buffered, so that logging costs the streams nothing, and flushed each second by the owner of the log.
"""

from pathlib import Path
from typing import Literal

import msgspec

from firsttoken.simulator.service import Fault


class Truth(msgspec.Struct, kw_only=True):
    """What really happened to one request. `tokens` are those written; a plain (not streamed) answer has no token
    marks. `fault`: the planned one that struck, or that the client or the server went away before the end.
    """

    request_id: str
    model: str
    status: int | None = None
    arrival_ns: int
    first_token_ns: int | None = None
    last_token_ns: int | None = None
    end_ns: int | None = None
    tokens: int = 0
    fault: Fault | Literal["client_gone", "server_ended"] | None = None
    slot_wait_ns: int | None = None


class TruthLog:
    """A file of Truth lines, appended to those of an interrupted run; without a path nothing is written."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("ab") if path else None
        self._encoder = msgspec.json.Encoder()

    def add(self, truth: Truth) -> None:
        """Log one request that has ended."""
        if self._file:
            self._file.write(self._encoder.encode(truth) + b"\n")

    def flush(self) -> None:
        """Have everything logged so far reach the file."""
        if self._file:
            self._file.flush()

    def close(self) -> None:
        """Flush and end the log."""
        if self._file:
            self._file.close()
