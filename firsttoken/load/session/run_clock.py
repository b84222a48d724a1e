"""The clock of a run in one load process: what time it is, and waiting.

Rule: every time is monotonic nanoseconds since the run's origin. Whatever waits in a session waits here, so that a test
hands in a clock of its own and no real time passes.
"""

import time

import gevent
from gevent.event import Event


class RunClock:
    """The machine's monotonic clock, counted from the origin of one run."""

    def __init__(self, origin_ns: int) -> None:
        self._origin_ns = origin_ns
        self._opened_ns = self.now_ns()

    def now_ns(self) -> int:
        """Nanoseconds since the run's origin."""
        return time.monotonic_ns() - self._origin_ns

    @property
    def lasted_ns(self) -> int:
        """How long this process has been in the run: less than the run, where that was interrupted and resumed."""
        return self.now_ns() - self._opened_ns

    def sleep(self, seconds: float) -> None:
        """Let the other users of the hub run for so long."""
        gevent.sleep(seconds)

    def wait(self, event: Event, timeout_s: float | None = None) -> None:
        """Sleep until the event is set, but no longer than `timeout_s`."""
        event.wait(timeout=timeout_s)
