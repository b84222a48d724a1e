"""The one timer behind all streams of a process: it wakes when the next token is due and writes all that are.

Rule: what a stream writes is its own affair; when, is the wheel's.
"""

import asyncio
from time import monotonic_ns

from firsttoken.simulator.timing.stream import Stream
from firsttoken.simulator.timing.wheel import Wheel

TICK_NS = 500_000
LEAD_NS = 500_000
"""The event loop sleeps whole milliseconds, rounded up: asked for half a millisecond less, it is right on average."""


class WriteTimer:
    """Runs streams on the event loop that it was made in."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._wheel: Wheel[Stream] = Wheel(TICK_NS)
        self._ends: dict[Stream, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._armed_ns = 0

    async def run(self, stream: Stream) -> None:
        """Write a stream to its end; cancelled, it writes no more of it."""
        end = self._ends[stream] = self._loop.create_future()
        self._wheel.add(stream.due_ns, stream)
        self._arm()
        try:
            await end
        finally:
            del self._ends[stream]

    def _arm(self) -> None:
        next_ns = self._wheel.next_ns()
        if next_ns is None or (self._timer and self._armed_ns <= next_ns):
            return
        if self._timer:
            self._timer.cancel()
        self._armed_ns = next_ns
        self._timer = self._loop.call_at((next_ns - LEAD_NS) / 1e9, self._turn)

    def _turn(self) -> None:
        self._timer = None
        now_ns = monotonic_ns() + LEAD_NS
        wheel, ends = self._wheel, self._ends
        for stream in wheel.pop(now_ns):
            end = ends.get(stream)
            if end is None or end.done():
                continue
            if stream.advance(now_ns):
                wheel.add(stream.due_ns, stream)
            else:
                end.set_result(None)
        self._arm()
