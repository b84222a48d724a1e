"""What is seen of a body on its way to the package: every piece as it comes, when, and the beginning."""

import itertools

import httpx2

from firsttoken.load.sdk_body import MAX_BEGINNING_BYTES, Body


class Pieces(httpx2.SyncByteStream):
    def __init__(self, *pieces: bytes) -> None:
        self.pieces, self.closed = pieces, False

    def __iter__(self):
        return iter(self.pieces)

    def close(self) -> None:
        self.closed = True


def test_the_package_gets_every_piece_as_it_came_and_its_arrival_is_known_meanwhile():
    clock = itertools.count(10)
    body = Body(Pieces(b"a", b"b"), lambda: next(clock))

    assert [(piece, body.came_ns) for piece in body] == [(b"a", 10), (b"b", 11)]


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
