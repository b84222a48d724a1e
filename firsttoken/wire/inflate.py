"""Compressed bodies, which we never ask for and some proxies send all the same.

Rule: pure, and incremental: what a piece makes readable comes out with it. A server that compresses holds its stream
back, so the row of such an answer says so.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from firsttoken.wire.outcome import ProtocolError

MAX_PIECE_BYTES = 256 * 1024
GZIP, ZLIB, RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS

CODINGS = {"gzip": GZIP, "x-gzip": GZIP, "deflate": ZLIB}
"""Content codings that the standard library decodes, with the window that names their format to zlib."""


class Inflater:
    """One compressed body."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._window = CODINGS[coding]
        self._decoder = zlib.decompressobj(self._window)
        self._begun = False

    def inflate(self, body: bytes) -> Iterator[bytes]:
        """Yield what `body` completes, in pieces of at most 256 KiB. Raises ProtocolError for what is not so coded."""
        if body and not self._begun:
            self._begin(body)
        piece = b""
        try:
            while body or len(piece) == MAX_PIECE_BYTES:  # a full piece may not be all that came of its bytes
                piece = self._decoder.decompress(body, MAX_PIECE_BYTES)
                yield piece
                body = self._decoder.unconsumed_tail or self._decoder.unused_data
                if body and self._decoder.eof:  # one gzip member may follow another: RFC 1952, section 2.2
                    self._decoder = zlib.decompressobj(self._window)
        except zlib.error as problem:
            raise ProtocolError(f"expected a body coded as {self._coding}, got another: {problem}") from None

    def _begin(self, body: bytes) -> None:
        """Tell zlib's format, which HTTP means by deflate, from the bare one, which some servers send (RFC 9110)."""
        self._begun = True
        if self._window == ZLIB and body[0] & 0x0F != zlib.DEFLATED:
            self._window = RAW
            self._decoder = zlib.decompressobj(RAW)
