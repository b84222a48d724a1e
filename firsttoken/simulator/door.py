"""The door of a model: coroutines hold a slot, and wait in its queue until their turn comes.

Rule: who comes next is the service's to say; the door only wakes them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic_ns

from firsttoken.simulator.service import Job, Service


class Door:
    """Hands the slots of one service to coroutines."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._turns: dict[Job, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def slot(self, job: Job) -> AsyncIterator[None]:
        """Hold a slot for the block, after a wait in the queue if all are busy; raises ApiError (429) if it is full."""
        started = self._service.enter(job, monotonic_ns())
        try:
            if not started:
                await self._wait(job)
            yield
        finally:
            self._wake(self._service.leave(job, monotonic_ns()))

    async def _wait(self, job: Job) -> None:
        turn = self._turns[job] = asyncio.get_running_loop().create_future()
        try:
            await turn
        finally:
            del self._turns[job]

    def _wake(self, job: Job | None) -> None:
        """Wake the job whose turn it is. If it has just been cancelled, it leaves by itself and wakes the next."""
        if job and not self._turns[job].done():
            self._turns[job].set_result(None)
