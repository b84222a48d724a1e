"""The body of an answer on its way to the package: when its pieces came, and what it said that the package passes over.

Rule: the package gets every piece as it comes, untouched. It decodes what it reads in its own time, and a read may hold
many pieces, so only the time that it waited for them shows whether its tokens came one by one or all at once.
"""

from collections.abc import Callable, Iterator

import httpx2

from firsttoken.wire.answer.inflate import CODINGS, open_inflater
from firsttoken.wire.outcome import ProtocolError

MAX_KEPT_BYTES = 64 * 1024
"""Kept of a body's beginning, and of its end: enough for the server's words and markers."""


class Body(httpx2.SyncByteStream):
    """Stands between the connection and the package; `now_ns` is the run's clock."""

    def __init__(self, source: httpx2.SyncByteStream, now_ns: Callable[[], int]) -> None:
        self.came_ns = 0
        """When the piece came that the package has in hand, by a clock that stops while the package works."""
        self._beginning = bytearray()
        self._ending = bytearray()
        """What came last, once the beginning is full."""
        self._source = source
        self._now_ns = now_ns

    def __iter__(self) -> Iterator[bytes]:
        pieces, asked_ns = iter(self._source), self._now_ns()
        self.came_ns = asked_ns
        while (piece := next(pieces, None)) is not None:
            self.came_ns += self._now_ns() - asked_ns
            self._keep(piece)
            yield piece
            asked_ns = self._now_ns()

    def _keep(self, piece: bytes) -> None:
        if len(self._beginning) < MAX_KEPT_BYTES:
            self._beginning += piece
            return
        self._ending += piece
        if len(self._ending) > 2 * MAX_KEPT_BYTES:
            del self._ending[:-MAX_KEPT_BYTES]

    def read_again(self, coding: str) -> bytes:
        """The text of the body; of a long one its end, which cannot be had where the body is coded: then b""."""
        if coding not in CODINGS:
            return bytes(self._ending or self._beginning)
        if self._ending:
            return b""
        try:
            return b"".join(open_inflater(coding).inflate(bytes(self._beginning)))
        except ProtocolError:
            return bytes(self._beginning)

    def close(self) -> None:
        """Close the connection's side of it."""
        self._source.close()
