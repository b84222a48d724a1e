"""Admission to a model: coroutines hold a slot, and wait in its queue until their turn comes.

Rule: the service says who is next; this only wakes them. While the model is frozen nothing is admitted, and a slot
that is given back stays empty.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic_ns

from firsttoken.simulator.service import Job, Service


class Admission:
    """Hands the slots of one service to coroutines."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._turns: dict[Job, asyncio.Future[None]] = {}
        self._open = asyncio.Event()
        self._open.set()
        self._gone: list[Job] = []
        """Those that left while the model was frozen."""

    @asynccontextmanager
    async def slot(self, job: Job) -> AsyncIterator[None]:
        """Hold a slot for the block, after a wait in the queue if all are busy; raises ApiError (429) if it is full."""
        now_ns = came_ns = monotonic_ns()
        self._expect_freeze(now_ns)
        if not self._open.is_set():
            await self._open.wait()
            now_ns = monotonic_ns()
        started = self._service.enter(job, now_ns)
        job.arrival_ns = came_ns  # a wait for the end of a freeze is a wait for a slot
        try:
            if not started:
                await self._wait(job)
            yield
        finally:
            self._leave(job)

    def _expect_freeze(self, now_ns: int) -> None:
        """Close admission while the model is frozen; when that will be, its first request decides."""
        standstill = self._service.standstill
        if standstill.record_arrival(now_ns):
            loop = asyncio.get_running_loop()
            loop.call_at(standstill.begins_ns / 1e9, self._open.clear)
            loop.call_at(standstill.ends_ns / 1e9, self._reopen)

    def _reopen(self) -> None:
        self._open.set()
        for job in self._gone:
            self._leave(job)
        self._gone.clear()

    async def _wait(self, job: Job) -> None:
        turn = self._turns[job] = asyncio.get_running_loop().create_future()
        try:
            await turn
        finally:
            del self._turns[job]

    def _leave(self, job: Job) -> None:
        """Take a job out and wake the one whose turn comes with that. If that was cancelled, it leaves by itself."""
        if not self._open.is_set():
            self._gone.append(job)
            return
        following = self._service.leave(job, monotonic_ns())
        turn = self._turns.get(following) if following else None
        if turn and not turn.done():
            turn.set_result(None)
