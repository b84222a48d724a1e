"""First tokens first: a priority poll reads the sockets that wait for one ahead of their turn.

Rule: with a thousand streams one iteration of the hub can outlast the gap between two tokens, and a first token that
waits so long is read together with the second and has its stamp. So an iteration is interrupted, once a millisecond,
for those who wait for a first token; all others keep their turn.
"""

from functools import cache
from time import monotonic_ns

from gevent.core import io, loop

READABLE = 1
"""libev's name for what a watcher waits for."""
POLL_EVERY_NS = 1_000_000
NEVER_NS = 2**63


class PriorityPoll:
    """A second, small event loop beside the hub's: `poll` runs what is ready in it. Times are CLOCK_MONOTONIC ns."""

    __slots__ = ("_loop", "due_ns")

    def __init__(self) -> None:
        self._loop = loop(default=False)
        self.due_ns = 0
        """When the next poll is due."""

    def watcher(self, descriptor: int) -> io:
        """Return what has a socket polled from its `start(read)` to its `stop()`."""
        return self._loop.io(descriptor, READABLE)

    def poll(self) -> None:
        """Read what has come for those who wait for a first token; at most once in POLL_EVERY_NS."""
        self.due_ns = NEVER_NS
        self._loop.run(nowait=True)
        self.due_ns = monotonic_ns() + POLL_EVERY_NS


@cache
def share_priority_poll() -> PriorityPoll:
    """Return the one of this process, which has one hub: it polls for all of its connections."""
    return PriorityPoll()
