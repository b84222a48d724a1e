"""A run's clock in tests: time passes only where a test lets it, and everything that is due happens in order."""

import heapq
from collections.abc import Callable
from itertools import count
from typing import TypeVar

import gevent
from gevent.event import Event

NS = 1_000_000_000
Value = TypeVar("Value")


class VirtualClock:
    """Stands in for a RunClock; it begins at 0."""

    def __init__(self) -> None:
        self.at_ns = 0
        self._timers: list[tuple[int, int, Callable[[], object]]] = []
        self._order = count()

    def now_ns(self) -> int:
        return self.at_ns

    @property
    def lasted_ns(self) -> int:
        return self.at_ns

    def sleep(self, seconds: float) -> None:
        if seconds:
            self._start_timer(seconds).wait()
        else:
            gevent.sleep(0)

    def wait(self, event: Event, timeout_s: float | None = None) -> None:
        if timeout_s is None:
            event.wait()
        else:
            gevent.wait([event, self._start_timer(timeout_s)], count=1)

    def let_pass(self, seconds: float) -> None:
        """Let so much time pass, and everything happen that is due by then."""
        until_ns = self.at_ns + round(seconds * NS)
        settle()
        while self._timers and self._timers[0][0] <= until_ns:
            self._pass_next()
        self.at_ns = until_ns
        settle()

    def finish(self, function: Callable[..., Value], *arguments: object, within_s: float = 600.0) -> Value:
        """Let time pass until a function that waits has returned; its value, or what it raised."""
        until_ns = self.at_ns + round(within_s * NS)
        running = gevent.spawn(function, *arguments)
        settle()
        while not running.ready():
            assert self._timers and self._timers[0][0] <= until_ns, f"{function} waits for more than {within_s} s"
            self._pass_next()
        value: Value = running.get()
        return value

    def call_later(self, seconds: float, action: Callable[[], object]) -> None:
        """Have something happen."""
        heapq.heappush(self._timers, (self.at_ns + round(seconds * NS), next(self._order), action))

    def freeze_hub(self, seconds: float) -> None:
        """Let time pass in which nothing can happen, as when the machine is busy elsewhere."""
        self.at_ns += round(seconds * NS)

    def _start_timer(self, seconds: float) -> Event:
        timer = Event()
        self.call_later(seconds, timer.set)
        return timer

    def _pass_next(self) -> None:
        due_ns, _, action = heapq.heappop(self._timers)
        self.at_ns = max(self.at_ns, due_ns)
        action()
        settle()


def settle() -> None:
    """Let every greenlet run until all of them wait."""
    for _ in range(20):
        gevent.sleep(0)
