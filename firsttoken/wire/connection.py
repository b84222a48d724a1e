"""The hot path: one socket, watched by the gevent hub, from the kernel's queue to the marks of a row.

Rule: a read is a callback of the hub, never a switch of greenlets; its time is taken before anything is decoded; and
an exception in a callback ends the attempt, as a callback that raised would leave its user waiting for ever.
"""

import socket
from collections.abc import Callable
from time import monotonic_ns

from gevent import get_hub
from gevent.hub import Waiter
from httptools import HttpParserError

from firsttoken.wire.answer.answer import Answer
from firsttoken.wire.clock import ANCILLARY_BYTES, Clock
from firsttoken.wire.deadlines import LINGER_S, Deadlines
from firsttoken.wire.dial import Dialed
from firsttoken.wire.loop_iterations import LoopIterations
from firsttoken.wire.outcome import COMPLETE, End, ProtocolError, end_of
from firsttoken.wire.priority_poll import READABLE, PriorityPoll
from firsttoken.wire.tls import UNASKED_TLS, is_record
from firsttoken.wire.wire_stats import Gauge

WRITABLE = 2
"""libev's name for what a watcher waits for."""
READ_BYTES = 64 * 1024
"""The most that one read takes; what is left in the kernel's queue is read in the hub's next round."""


class Connection:
    """An open connection to a server, carrying one exchange at a time; between exchanges it notices if it is closed."""

    __slots__ = (
        "_ahead",
        "_answer",
        "_began_ns",
        "_clock",
        "_deadlines",
        "_gauge",
        "_iterations",
        "_left",
        "_looked_ns",
        "_loop",
        "_priority_poll",
        "_reader",
        "_receive",
        "_sent_ns",
        "_socket",
        "_stamp_ns",
        "_timer",
        "_tunnel",
        "_unsent",
        "_waiter",
        "_writer",
        "address",
        "closed",
    )

    def __init__(
        self,
        dialed: Dialed,
        *,
        clock: Clock,
        gauge: Gauge,
        iterations: LoopIterations,
        priority_poll: PriorityPoll,
    ) -> None:
        self.closed = False
        sock = dialed.sock
        self._socket, self._tunnel, self.address = sock, dialed.tunnel, dialed.address
        self._clock, self._gauge, self._iterations, self._priority_poll = clock, gauge, iterations, priority_poll
        self._loop = get_hub().loop
        self._reader = self._loop.io(sock.fileno(), READABLE)
        self._writer = self._loop.io(sock.fileno(), WRITABLE)
        self._receive = sock.recvmsg
        self._reader.start(self._read)
        self._ahead = priority_poll.watcher(sock.fileno())
        """Active while a first token is waited for."""
        self._timer = self._loop.timer(0)
        self._answer: Answer | None = None
        self._waiter: Waiter | None = None
        """Both None between exchanges; the waiter also once the exchange has ended."""
        self._unsent = memoryview(b"")

    def exchange(self, request: bytes, answer: Answer, deadlines: Deadlines, began_ns: int) -> End:
        """Send a request and block the calling greenlet until its answer has ended, was lost or took too long."""
        self._unsent = memoryview(request if self._tunnel is None else self._tunnel.encrypt(request))
        self._answer, self._deadlines, self._began_ns = answer, deadlines, began_ns
        self._waiter = waiter = Waiter()
        self._sent_ns = self._looked_ns = self._stamp_ns = monotonic_ns()
        self._left = False
        answer.mark_sent(self._sent_ns)
        self._ahead.start(self._read)
        try:
            self._guard(self._write)
            if not self._timer.active:  # else the last exchange's will look in time for this one as well
                self._guard(self._watch_deadlines)
            end: End = waiter.get()
        finally:
            self._waiter = self._answer = None
            self._ahead.stop()
            self._writer.stop()
        return end

    def _read(self) -> None:
        """Time what came and hand it on: first the fast path, which nearly every read of a stream goes."""
        looked_ns = monotonic_ns()
        if looked_ns >= self._priority_poll.due_ns:
            self._priority_poll.poll()
            looked_ns = monotonic_ns()
        try:
            read, ancillary, _, _ = self._receive(READ_BYTES, ANCILLARY_BYTES)
            answer = self._answer
            if answer is None or not read:
                self._read_aside(answer, read)
                return
            self._stamp_ns, delay_ns = self._clock.place(ancillary, self._stamp_ns)
            if delay_ns is not None:
                self._gauge.record_delay(delay_ns)
            tunnel = self._tunnel
            text = read if tunnel is None else tunnel.decrypt(read)
            if (tunnel is not None and tunnel.failure is not None) or not answer.skip(text, self._stamp_ns):
                self._take(answer, text, looked_ns, kernel=delay_ns is not None, full=len(read) == READ_BYTES)
        except BlockingIOError:
            pass
        except HttpParserError as problem:
            first = answer is not None and answer.bytes_received == len(text)
            in_tls = first and tunnel is None and is_record(text)
            self._end(end_of(ProtocolError(UNASKED_TLS) if in_tls else problem))
        except Exception as problem:  # noqa: BLE001 - see the rule above
            self._end(end_of(problem))

    def _take(self, answer: Answer, text: bytes, looked_ns: int, *, kernel: bool, full: bool) -> None:
        """Have a read decoded; `full`: more than it took may lie in the kernel's queue."""
        early_ns = self._looked_ns if self._left else max(self._looked_ns, self._iterations.before_ns)
        whole = self._tunnel is None or self._tunnel.whole
        answer.receive(text, early_ns, self._stamp_ns, kernel=kernel, whole=whole)
        self._left = full  # matters up to the first token, after which nothing is bracketed
        if answer.row.first_token_ns is not None:
            self._ahead.stop()
        if not full:  # the queue was emptied: what comes next arrives after this look
            self._looked_ns = looked_ns
        if self._failure is not None:
            answer.reusable = False
        if answer.ended:
            self._end(COMPLETE)  # last: it runs the user's greenlet, which may begin the next exchange here
        elif self._failure is not None:
            self._end(end_of(self._failure))
        elif answer.stream.done_ns == answer.at_ns:  # it came with this read
            self._look_in(min(LINGER_S, self._deadlines.shortest_s))

    @property
    def _failure(self) -> Exception | None:
        """What broke the encryption after the text that came last."""
        return None if self._tunnel is None else self._tunnel.failure

    def _guard(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as problem:  # noqa: BLE001 - see the rule above
            self._end(end_of(problem))

    def _read_aside(self, answer: Answer | None, read: bytes) -> None:
        """The server hung up, or spoke between exchanges, where all but TLS's own business ends the connection."""
        if answer is not None:
            self._end(answer.hang_up())
        elif not read or self._tunnel is None or self._tunnel.decrypt(read):
            self.close()

    def _write(self) -> None:
        try:
            while self._unsent:
                uploaded_ns = monotonic_ns()  # before the call: the answer may be stamped before it returns
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            self._writer.start(self._guard, self._write)
            return
        except ConnectionError:  # why the server stopped listening is still to be read
            self._writer.stop()
            return
        self._writer.stop()
        if self._answer is not None:
            self._answer.mark_uploaded(uploaded_ns)

    def _watch_deadlines(self) -> None:
        """End the attempt if a deadline has passed, else look again when it, or one of the next attempt, could."""
        answer, now_ns = self._answer, monotonic_ns()
        if answer is None or self._waiter is None:
            return
        due_ns, end = self._deadlines.find_due(self._began_ns, self._sent_ns, answer.last_event_ns, answer.done_ns)
        if due_ns <= now_ns:
            self._end(end)
        else:
            self._look_in(min((due_ns - now_ns) / 1e9, self._deadlines.shortest_s))

    def _look_in(self, seconds: float) -> None:
        """Check the deadlines at that time, replacing the time planned before."""
        self._timer.stop()
        self._timer = self._loop.timer(seconds)
        self._timer.start(self._guard, self._watch_deadlines)

    def _end(self, end: End) -> None:
        """Hand the end to the waiting user; a connection without one has no further use."""
        waiter, self._waiter = self._waiter, None
        if waiter is None:
            self.close()
        else:
            waiter.switch(end)

    def is_reusable(self) -> bool:
        """Whether another exchange may follow: all was sent, and the server has not hung up meanwhile."""
        if self.closed or self._unsent:
            return False
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except ConnectionError:
            pass
        return False

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            for watcher in (self._reader, self._writer, self._ahead, self._timer):
                watcher.close()
            self._socket.close()
