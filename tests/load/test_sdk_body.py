"""What is seen of a body on its way to the package: every piece as it comes, when, and the beginning."""

import httpx2

from firsttoken.load.sdk_body import MAX_BEGINNING_BYTES, Body


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


def test_the_beginning_is_kept_until_it_is_of_no_use_and_never_grows_without_bound():
    body = Body(Pieces(*[b"x" * 40_000] * 4), lambda: 0)
    pieces = iter(body)
    for _ in range(3):
        next(pieces)

    assert MAX_BEGINNING_BYTES <= len(body.beginning) < MAX_BEGINNING_BYTES + 40_000
    body.keeps_beginning = False
    next(pieces)
    assert len(body.beginning) == 80_000


def test_closing_it_closes_the_connections_side():
    pieces = Pieces()
    Body(pieces, lambda: 0).close()

    assert pieces.closed
