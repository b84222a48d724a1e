"""The pipes of a load process: its specification and words on stdin, its events on the pipe that was its stdout.

Rule: reading waits on the hub and never stops it, and a parent that no longer reads is not an error. Events have their
pipe to themselves: everything that a locustfile prints or logs, or its subprocesses write, goes to stderr.
"""

import logging
import os
import sys
from collections.abc import Callable

import gevent
import gevent.os
import gevent.socket
import msgspec

LIBRARIES = ("locust", "gevent", "geventhttpclient", "openai", "httpx2", "httpcore2", "urllib3", "requests", "asyncio")
"""Loggers with a line for every request or user: only their warnings are shown."""

PARENT_GONE_S = 1.5
"""How long a process takes to leave in order once its parent is gone, before it ends."""


class _Channel:
    """Where events are written: stdout, until `open_channel` has taken it for them alone."""

    fd = 1


def open_channel() -> None:
    """Keep the pipe on stdout for events, and have everything else that is written to stdout go to stderr.

    No process that a locustfile starts holds the pipe, so it ends when this process does.
    """
    _Channel.fd = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115 - it stays open as long as the process


def open_log() -> None:
    """Show on stderr what a locustfile logs from INFO on, and only the warnings of libraries."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


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


def emit_event(event: dict[str, object]) -> None:
    """Write one event."""
    try:
        gevent.os.nb_write(_Channel.fd, msgspec.json.encode(event) + b"\n")
    except BrokenPipeError:
        return


def watch_parent(
    stop: Callable[[str], None],
    flush: Callable[[], None],
    *,
    read: Callable[[], bytes] = read_words,
    sleep: Callable[[float], None] = gevent.sleep,
    leave: Callable[[int], object] = os._exit,
) -> None:
    """Stop in order when the parent says `stop`, and be gone two seconds after its pipe closes; runs as a greenlet.

    stop: takes the reason. flush: has every row so far survive this process.
    """
    while word := read():
        if b"stop" in word:
            stop("interrupted")
    stop("the parent process is gone")
    sleep(PARENT_GONE_S)
    flush()
    leave(130)
