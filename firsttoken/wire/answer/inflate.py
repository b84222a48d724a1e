"""Compressed bodies, which we never ask for and some proxies send all the same.

Rule: pure, and incremental: what a piece makes readable comes out with it. A server that compresses holds its stream
back, so the row of such an answer says so.
"""

import zlib
from collections.abc import Iterator
from typing import Protocol

import brotli

from firsttoken.wire.outcome import ProtocolError

MAX_PIECE_BYTES = 256 * 1024
GZIP, ZLIB, RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS

WINDOWS = {"gzip": GZIP, "x-gzip": GZIP, "deflate": ZLIB}
"""Content codings of zlib, with the window that names their format to it."""
BROTLI = "br"
CODINGS = frozenset({*WINDOWS, BROTLI})
"""Content codings that can be read; not zstd, which the standard library reads only from Python 3.14 on."""


class Inflater(Protocol):
    """One compressed body."""

    def inflate(self, body: bytes) -> Iterator[bytes]:
        """Yield what `body` completes, in bounded pieces. Raises ProtocolError for what is not so coded."""


def open_inflater(coding: str) -> Inflater:
    """What decodes a body of this coding, one of CODINGS."""
    return BrotliInflater() if coding == BROTLI else ZlibInflater(coding)


class ZlibInflater:
    """A body coded as one of WINDOWS."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._window = WINDOWS[coding]
        self._decoder = zlib.decompressobj(self._window)
        self._begun = False

    def inflate(self, body: bytes) -> Iterator[bytes]:
        """Pieces have at most 256 KiB."""
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
            raise refuse(self._coding, problem) from None

    def _begin(self, body: bytes) -> None:
        """Distinguish zlib's format, which HTTP means by deflate, from the bare one, which some servers send (RFC
        9110)."""
        self._begun = True
        if self._window == ZLIB and body[0] & 0x0F != zlib.DEFLATED:
            self._window = RAW
            self._decoder = zlib.decompressobj(RAW)


class BrotliInflater:
    """A body coded as br (RFC 7932)."""

    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()

    def inflate(self, body: bytes) -> Iterator[bytes]:
        """Pieces have about 256 KiB at most: the decoder fills the block that it has begun."""
        try:
            while piece := self._decoder.process(body, output_buffer_limit=MAX_PIECE_BYTES):
                yield piece
                body = b""
        except brotli.error as problem:
            raise refuse(BROTLI, problem) from None


def refuse(coding: str, problem: Exception) -> ProtocolError:
    """The error of a body that is not coded as its head says."""
    return ProtocolError(f"expected a body encoded as {coding}, got another: {problem}")
