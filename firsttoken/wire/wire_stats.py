"""The wire's own health, read and reset each second: how late we read, how many first tokens have a stamp of their own.

Rule: bounded memory; when a second brings more reads than are kept, every second one is dropped, evenly.
"""

from typing import NamedTuple

MOST_DELAYS = 4096


class WireStats(NamedTuple):
    """What happened since the last call."""

    delays_ms: list[float]
    """From the kernel's stamp to our read, of an even sample of the reads; empty where the kernel stamps nothing."""
    first_tokens: int
    bracketed: int
    """First tokens whose arrival is only known to lie between two times."""


class Gauge:
    """Collects the wire stats of one client."""

    __slots__ = ("_bracketed", "_delays_ns", "_first_tokens", "_reads", "_stride")

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._delays_ns: list[int] = []
        self._reads = 0
        self._stride = 1
        self._first_tokens = 0
        self._bracketed = 0

    def record_delay(self, delay_ns: int) -> None:
        self._reads += 1
        if self._reads % self._stride:
            return
        self._delays_ns.append(delay_ns)
        if len(self._delays_ns) == MOST_DELAYS:
            del self._delays_ns[::2]
            self._stride *= 2

    def record_first_token(self, exact: bool) -> None:
        self._first_tokens += 1
        self._bracketed += not exact

    def take(self) -> WireStats:
        """Return what was recorded since the last call."""
        stats = WireStats([delay / 1e6 for delay in self._delays_ns], self._first_tokens, self._bracketed)
        self._reset()
        return stats
