"""The pipes of a load process: its specification and words on stdin, its progress on stdout.

Rule: reading waits on the hub and never stops it, and a parent that no longer reads is not an error.
"""

from __future__ import annotations

import os

import gevent.os
import gevent.socket
import msgspec


def read_line() -> bytes:
    """The first line of stdin. Raises SystemExit where it closes before there is one."""
    line = b""
    while not line.endswith(b"\n"):
        byte = read_words(1)
        if not byte:
            raise SystemExit("expected a specification on stdin, got nothing; use `firsttoken run SCENARIO`")
        line += byte
    return line


def read_words(most: int = 4096) -> bytes:
    """What has come on stdin; empty once the parent is gone.

    Asked only once something has come, for a library that forks may leave stdin blocking.
    """
    gevent.socket.wait_read(0)
    return os.read(0, most)


def tell(event: dict[str, object]) -> None:
    """Write one line of progress."""
    try:
        gevent.os.nb_write(1, msgspec.json.encode(event) + b"\n")
    except BrokenPipeError:
        return
