"""First tokens first: the sockets that wait for one are read ahead of their turn.

Rule: with a thousand streams one round of the hub can outlast the gap between two tokens, and a first token that waits
so long is read together with the second and has its stamp. So a round is interrupted, once a millisecond, for those who
wait for a first token; all others keep their turn.
"""

from __future__ import annotations

from functools import cache
from time import monotonic_ns

from gevent.core import io, loop

READABLE = 1
"""libev's name for what a watcher waits for."""
LOOK_NS = 1_000_000
NEVER_NS = 2**63


class Lookout:
    """A second, small event loop beside the hub's: `look` runs what is ready in it. Times are CLOCK_MONOTONIC ns."""

    __slots__ = ("_loop", "due_ns")

    def __init__(self) -> None:
        self._loop = loop(default=False)
        self.due_ns = 0
        """When the next look is due."""

    def watcher(self, descriptor: int) -> io:
        """Return what has a socket looked at from its `start(read)` to its `stop()`."""
        return self._loop.io(descriptor, READABLE)

    def look(self) -> None:
        """Read what has come for those who wait for a first token; not again within a look."""
        self.due_ns = NEVER_NS
        self._loop.run(nowait=True)
        self.due_ns = monotonic_ns() + LOOK_NS


@cache
def share_lookout() -> Lookout:
    """Return the one of this process, which has one hub: whoever reads there looks out for everybody."""
    return Lookout()
