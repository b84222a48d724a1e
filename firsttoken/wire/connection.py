"""The hot path: one socket, watched by the gevent hub, from the kernel's queue to the marks of a row.

Rule: a read is a callback of the hub, never a switch of greenlets; its time is taken before anything is decoded; and
whatever goes wrong in a callback ends the attempt, for a callback that raised would leave its user waiting for ever.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from time import monotonic_ns

from gevent import get_hub
from gevent.hub import Waiter

from firsttoken.wire.answer import Answer
from firsttoken.wire.clock import ANCILLARY_BYTES, Clock
from firsttoken.wire.deadlines import Deadlines
from firsttoken.wire.outcome import COMPLETE, End, end_of
from firsttoken.wire.readings import Gauge
from firsttoken.wire.rounds import Rounds
from firsttoken.wire.tls import Tunnel

READABLE, WRITABLE = 1, 2
"""libev's names for what a watcher waits for."""
BUFFER = bytearray(64 * 1024)
"""One for all connections: what a read brings is taken over before the next read."""
BUFFERS, VIEW = [BUFFER], memoryview(BUFFER)


class Connection:
    """An open connection to a server, carrying one exchange at a time; between exchanges it notices if it is closed."""

    __slots__ = (
        "_answer",
        "_began_ns",
        "_clock",
        "_deadlines",
        "_gauge",
        "_left",
        "_looked_ns",
        "_loop",
        "_reader",
        "_receive",
        "_rounds",
        "_sent_ns",
        "_socket",
        "_stamp_ns",
        "_timer",
        "_tunnel",
        "_unsent",
        "_waiter",
        "_writer",
        "closed",
    )

    def __init__(self, sock: socket.socket, tunnel: Tunnel | None, clock: Clock, gauge: Gauge, rounds: Rounds) -> None:
        self.closed = False
        self._socket, self._tunnel, self._clock, self._gauge, self._rounds = sock, tunnel, clock, gauge, rounds
        self._loop = get_hub().loop
        self._reader = self._loop.io(sock.fileno(), READABLE)
        self._writer = self._loop.io(sock.fileno(), WRITABLE)
        self._receive = sock.recvmsg_into
        self._reader.start(self._read)
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
        try:
            self._guard(self._write)
            self._guard(self._watch_deadlines)
            end: End = waiter.get()
        finally:
            self._waiter = self._answer = None
            self._timer.close()
            self._writer.stop()
        return end

    def _read(self) -> None:
        looked_ns = monotonic_ns()
        try:
            size, ancillary, _, _ = self._receive(BUFFERS, ANCILLARY_BYTES)
            if self._answer is None:
                self._read_idle(size)
            elif size:
                self._take(self._answer, size, ancillary, looked_ns)
            else:
                self._end(self._answer.hang_up())
        except BlockingIOError:
            pass
        except Exception as problem:  # noqa: BLE001 - see the rule above
            self._end(end_of(problem))

    def _take(self, answer: Answer, size: int, ancillary: list[tuple[int, int, bytes]], looked_ns: int) -> None:
        """Hand on what a read brought; first try the short way, which nearly every read of a stream goes."""
        tunnel = self._tunnel
        stamp_ns, delay_ns = self._clock.place(ancillary, self._stamp_ns)
        self._stamp_ns = stamp_ns
        if delay_ns is not None:
            self._gauge.note_delay(delay_ns)
        read = VIEW[:size].tobytes() if tunnel is None else tunnel.decrypt(VIEW[:size])
        if answer.skip(read, stamp_ns):
            return
        early_ns = self._looked_ns if self._left else max(self._looked_ns, self._rounds.before_ns)
        whole = tunnel is None or tunnel.whole
        answer.receive(read, early_ns, stamp_ns, kernel=delay_ns is not None, whole=whole)
        self._left = size == len(BUFFER)  # matters up to the first token, after which nothing is bracketed
        if not self._left:  # the queue was emptied: what comes next arrives after this look
            self._looked_ns = looked_ns
        if answer.ended:
            self._end(COMPLETE)  # last: it runs the user's greenlet, which may begin the next exchange here

    def _guard(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as problem:  # noqa: BLE001 - see the rule above
            self._end(end_of(problem))

    def _read_idle(self, size: int) -> None:
        """Between exchanges a server has nothing to say but TLS's own business; all else ends the connection."""
        if not size or self._tunnel is None or self._tunnel.decrypt(VIEW[:size]):
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
        """End the attempt if a deadline has passed, else look again when the next one could, at the earliest."""
        answer, now_ns = self._answer, monotonic_ns()
        if answer is None or self._waiter is None:
            return
        due_ns, end = self._deadlines.find_due(self._began_ns, self._sent_ns, answer.last_event_ns)
        if due_ns <= now_ns:
            self._end(end)
            return
        self._timer = self._loop.timer(min((due_ns - now_ns) / 1e9, self._deadlines.idle_s))
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
            self._reader.close()
            self._writer.close()
            self._socket.close()
