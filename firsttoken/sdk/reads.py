"""The reads of a connection under the openai package: whether the server answered a byte, and whether it hung up.

Rule: both are what a read says, and no matter of the words or the kind of the exception that follows.
"""

from collections.abc import Callable
from typing import Protocol


class Connection(Protocol):
    """What is needed of a network stream of httpx2's."""

    read: Callable[..., bytes]
    """(at most so many bytes, timeout); b"" where the server has closed the connection."""


def watch_reads(connection: Connection, note: Callable[[bytes], None]) -> None:
    """From now on `note` is called with what every read of a connection brought, in the greenlet that read."""
    read = connection.read

    def read_watched(max_bytes: int, timeout: float | None = None) -> bytes:
        data = read(max_bytes, timeout)
        note(data)
        return data

    connection.read = read_watched
