"""What a read of a connection brings is noted, its end too, and handed on as it was."""

from firsttoken.sdk.reads import watch_reads


class Pieces:
    """A connection that hands over what it was given, piece by piece."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)
        self.asked: list[tuple[int, float | None]] = []

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.asked.append((max_bytes, timeout))
        return self._pieces.pop(0)


def test_what_every_read_brings_is_noted_and_handed_on():
    connection, noted = Pieces(b"ab", b"c", b""), []
    watch_reads(connection, noted.append)

    assert [connection.read(9, 1.5), connection.read(9), connection.read(9, timeout=2)] == [b"ab", b"c", b""]
    assert connection.asked == [(9, 1.5), (9, None), (9, 2)]
    assert noted == [b"ab", b"c", b""]
