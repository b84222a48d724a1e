"""One stream: which of its tokens are due, and the write that sends them.

Rule: the first token of a stream is a write of its own; the schedule is absolute, so lateness of one write never
shifts the next; tokens that are due together go out together. The time is handed in; only the stamps of truth are
read from the clock, immediately before the write they stand for.
"""

import math
from collections.abc import Iterator
from time import monotonic_ns
from typing import Protocol

from firsttoken.simulator.service import Job, Service

REST_NS = 10_000_000
"""How long a stream pauses if its client does not read; its schedule continues from there, so buffers stay bounded."""


class Outlet(Protocol):
    """Where bytes go: an asyncio transport, as far as a stream needs one."""

    def write(self, data: bytes, /) -> None: ...

    def abort(self) -> None: ...


class Mute:
    """The outlet of an answer that is not streamed: its tokens take their time and are not written."""

    def __init__(self, transport: Outlet) -> None:
        self._transport = transport

    def write(self, data: bytes, /) -> None:
        """Write nothing."""

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()


class Flow(Protocol):
    """What knows whether the client keeps up with reading."""

    @property
    def writing_paused(self) -> bool: ...


class Stream:
    """One answer under way, from the slot of its job to its last token."""

    def __init__(
        self,
        job: Job,
        service: Service,
        events: Iterator[bytes],
        outlet: Outlet,
        flow: Flow,
        *,
        is_chunked: bool = True,
    ) -> None:
        """`is_chunked`: whether each token is a chunk of HTTP/1.1; else it is written as it stands."""
        self.first_token_ns: int | None = None
        self.last_token_ns: int | None = None
        self.tokens = 0
        self.struck = False
        """The fault planned for this job has happened."""
        self.due_ns = float(service.first_token_ns(job))
        begins_ns = service.standstill.begins_ns
        self._stops_ns = begins_ns if self.due_ns <= begins_ns else math.inf
        """When the model's freeze will find this stream under way: nothing is written from then on until it is over."""
        self._token_ns = service.token_ns(job)
        self._job, self._service, self._events = job, service, events
        self._outlet, self._flow = outlet, flow
        self._is_chunked = is_chunked
        self._fault_after = max(1, job.output_tokens // 2)
        self._marks = iter(sorted({1, self._fault_after, job.output_tokens}))
        self._mark = next(self._marks)
        """No write goes past a mark, counted in tokens: the first token, the middle where faults strike, the end."""

    def advance(self, now_ns: float) -> bool:
        """Write what is due by `now_ns`; False when there is nothing more to come, else `due_ns` says when."""
        if self._flow.writing_paused:
            self.due_ns = now_ns + REST_NS
            return True
        if now_ns > self._stops_ns:
            if self.due_ns > self._stops_ns:
                return self._stand_still()
            now_ns = self._stops_ns
        step_ns = self._token_ns * self._service.slowdown
        event = next(self._events)
        data = b"%x\r\n%b\r\n" % (len(event), event) if self._is_chunked else event
        self.due_ns += step_ns
        written = 1
        while self.due_ns <= now_ns and self.tokens + written < self._mark:
            event = next(self._events)
            data += b"%x\r\n%b\r\n" % (len(event), event) if self._is_chunked else event
            self.due_ns += step_ns
            written += 1
        self.last_token_ns = monotonic_ns()
        if self.first_token_ns is None:
            self.first_token_ns = self.last_token_ns
        self._outlet.write(data)
        self.tokens += written
        return self.tokens < self._mark or self._pass_mark()

    def _stand_still(self) -> bool:
        """Be late by the whole freeze, which has caught this stream between two tokens."""
        self.due_ns = self._service.standstill.finish_ns(self._stops_ns, self.due_ns - self._stops_ns)
        self._stops_ns = math.inf
        return True

    def _pass_mark(self) -> bool:
        """Do what is planned for this point of the stream; False if it ends here."""
        fault = self._job.fault if self.tokens == self._fault_after else None
        if fault == "cut":
            self.struck = True
            self._outlet.abort()
        if fault == "cut" or self.tokens == self._job.output_tokens:
            return False
        if fault == "stall":
            self.struck = True
            self.due_ns += self._service.behaviour.stall_s * 1e9
        self._mark = next(self._marks)
        return True
