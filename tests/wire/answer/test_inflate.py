"""Compressed bodies, piece by piece as they come."""

import gzip
import zlib

import brotli
import pytest

from firsttoken.wire.answer.inflate import CODINGS, MAX_PIECE_BYTES, WINDOWS, open_inflater
from firsttoken.wire.outcome import ProtocolError

TEXT = b"data: one\n\n" * 100


def deflate(text: bytes, window: int) -> bytes:
    coder = zlib.compressobj(wbits=window)
    return coder.compress(text) + coder.flush()


CODED = {
    "gzip": ("gzip", gzip.compress(TEXT)),
    "x-gzip": ("x-gzip", gzip.compress(TEXT)),
    "two gzip members": ("gzip", gzip.compress(TEXT[:50]) + gzip.compress(TEXT[50:])),
    "deflate as HTTP means it": ("deflate", deflate(TEXT, zlib.MAX_WBITS)),
    "deflate as some servers send it": ("deflate", deflate(TEXT, -zlib.MAX_WBITS)),
    "brotli": ("br", brotli.compress(TEXT)),
}


@pytest.mark.parametrize("name", CODED)
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_body_comes_out_as_it_was_however_it_was_cut(name, step):
    coding, body = CODED[name]
    inflater = open_inflater(coding)

    pieces = [piece for at in range(0, len(body), step) for piece in inflater.inflate(body[at : at + step])]

    assert b"".join(pieces) == TEXT


@pytest.mark.parametrize("coding", WINDOWS)
def test_what_the_server_flushed_comes_out_at_once(coding):
    coder = zlib.compressobj(wbits=WINDOWS[coding])
    inflater = open_inflater(coding)

    for number in range(10):
        event = b"data: %d\n\n" % number
        assert b"".join(inflater.inflate(coder.compress(event) + coder.flush(zlib.Z_SYNC_FLUSH))) == event


def test_what_a_server_flushed_as_brotli_comes_out_at_once():
    coder, inflater = brotli.Compressor(), open_inflater("br")

    for number in range(10):
        event = b"data: %d\n\n" % number
        assert b"".join(inflater.inflate(coder.process(event) + coder.flush())) == event


@pytest.mark.parametrize("size", [MAX_PIECE_BYTES - 1, MAX_PIECE_BYTES, MAX_PIECE_BYTES + 1, 10 * MAX_PIECE_BYTES])
@pytest.mark.parametrize(("coding", "compress", "most"), [("gzip", gzip.compress, 1), ("br", brotli.compress, 2)])
def test_a_little_that_grows_large_comes_in_pieces_of_bounded_size(coding, compress, most, size):
    pieces = list(open_inflater(coding).inflate(compress(b"x" * size)))

    assert sum(map(len, pieces)) == size
    assert max(map(len, pieces)) <= most * MAX_PIECE_BYTES


@pytest.mark.parametrize("coding", sorted(CODINGS))
def test_what_is_not_so_coded_is_refused(coding):
    with pytest.raises(ProtocolError, match=f"expected a body encoded as {coding}, got another"):
        list(open_inflater(coding).inflate(b"\xff data: one\n\n"))
