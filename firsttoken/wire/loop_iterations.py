"""When the hub last asked the kernel which sockets have something to read.

Rule: what this iteration found was not there when the kernel was asked in the iteration before, so that moment bounds
an arrival from below, however long the socket itself was silent.
"""

from time import monotonic_ns

from gevent import get_hub


class LoopIterations:
    """Stamps each iteration of the hub just before it asks the kernel. Times are CLOCK_MONOTONIC ns."""

    __slots__ = ("_asked_ns", "_watcher", "before_ns")

    def __init__(self) -> None:
        self._asked_ns = self.before_ns = monotonic_ns()
        """`before_ns`: when the kernel was asked in the iteration before the present one."""
        self._watcher = get_hub().loop.prepare(ref=False)
        self._watcher.start(self._record_iteration)

    def _record_iteration(self) -> None:
        self.before_ns, self._asked_ns = self._asked_ns, monotonic_ns()

    def close(self) -> None:
        """Watch no longer."""
        self._watcher.close()
