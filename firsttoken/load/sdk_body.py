"""The body of an answer on its way to the package: when its pieces came, and how it begins.

Rule: the package gets every piece as it comes, untouched. It decodes what it reads in its own time, and a read may hold
many pieces, so only the time that it waited for them tells whether its tokens came one by one or all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2

MAX_BEGINNING_BYTES = 64 * 1024
"""Kept of a body while no event of it was understood: enough for the server's words."""


class Body(httpx2.SyncByteStream):
    """Stands between the connection and the package; `now_ns` is the run's clock."""

    def __init__(self, source: httpx2.SyncByteStream, now_ns: Callable[[], int]) -> None:
        self.came_ns = 0
        """When the piece came that the package has in hand, by a clock that stands still while the package works."""
        self.keeps_beginning = True
        self.beginning = bytearray()
        self._source = source
        self._now_ns = now_ns

    def __iter__(self) -> Iterator[bytes]:
        pieces, asked_ns = iter(self._source), self._now_ns()
        self.came_ns = asked_ns
        while (piece := next(pieces, None)) is not None:
            self.came_ns += self._now_ns() - asked_ns
            if self.keeps_beginning and len(self.beginning) < MAX_BEGINNING_BYTES:
                self.beginning += piece
            yield piece
            asked_ns = self._now_ns()

    def close(self) -> None:
        """Close the connection's side of it."""
        self._source.close()
