"""What is seen of a body on its way to the package: every piece as it comes, when, and the beginning."""

import gzip
import zlib

import httpx2
import pytest

from firsttoken.sdk.body import MAX_KEPT_BYTES, Body


class Pieces(httpx2.SyncByteStream):
    def __init__(self, *pieces: bytes) -> None:
        self.pieces, self.closed = pieces, False

    def __iter__(self):
        return iter(self.pieces)

    def close(self) -> None:
        self.closed = True


def test_the_package_gets_every_piece_as_it_came():
    assert list(Body(Pieces(b"a", b"b"), lambda: 0)) == [b"a", b"b"]


def test_the_time_that_the_package_works_is_no_time_that_it_waited():
    at_ns = 100

    def come_slowly():
        nonlocal at_ns
        for wait_ns in (50, 7, 0):
            at_ns += wait_ns
            yield b"x"

    body = Body(come_slowly(), lambda: at_ns)
    came = []
    for _ in body:
        came.append(body.came_ns)
        at_ns += 1000  # the package decodes

    assert came == [150, 157, 157]


def consumed(*pieces: bytes) -> Body:
    body = Body(Pieces(*pieces), lambda: 0)
    for _ in body:
        pass
    return body


def test_a_body_can_be_read_again():
    assert consumed(b"data: a", b"\n\n").read_again("identity") == b"data: a\n\n"


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_body_that_came_compressed_is_read_again_as_text(coding, pack):
    packed = pack(b"data: a\n\n")

    assert consumed(packed[:5], packed[5:]).read_again(coding) == b"data: a\n\n"
    assert consumed(b"no such coding").read_again(coding) == b"no such coding"


def test_of_a_long_body_the_end_is_kept_and_no_more():
    body = consumed(*[b"x" * 10_000] * 40, b"[DONE]")

    again = body.read_again("identity")

    assert again.endswith(b"x[DONE]")
    assert MAX_KEPT_BYTES // 2 < len(again) <= 2 * MAX_KEPT_BYTES
    assert body.read_again("gzip") == b""


def test_closing_it_closes_the_connections_side():
    pieces = Pieces()
    Body(pieces, lambda: 0).close()

    assert pieces.closed
