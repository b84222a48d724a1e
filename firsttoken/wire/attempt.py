"""One attempt after another: a connection from the pool or a new one, the request, and the finished row.

The addresses of a name take turns attempt by attempt, also where connections are kept: the pool is one per address.

Rule: `send` raises for nothing that the network or the server does; the outcome says it. What stops the user in
mid-attempt passes through, and the row is finished on its way.
"""

import time
from collections import defaultdict
from itertools import chain
from time import monotonic_ns
from typing import Literal

from gevent import Greenlet, get_hub, getcurrent

from firsttoken.row import ADDRESS_FAILED, Outcome, Row
from firsttoken.wire.addresses import Address, write_peer
from firsttoken.wire.answer.answer import Answer
from firsttoken.wire.clock import Clock
from firsttoken.wire.connection import Connection
from firsttoken.wire.deadlines import Deadlines as Deadlines
from firsttoken.wire.dial import Dialer
from firsttoken.wire.dialects.dialect import Dialect
from firsttoken.wire.endpoint import Endpoint
from firsttoken.wire.loop_iterations import LoopIterations
from firsttoken.wire.outcome import COMPLETE, CUT_OFF, STOPPED, End, end_of
from firsttoken.wire.priority_poll import share_priority_poll
from firsttoken.wire.redact import redact_row
from firsttoken.wire.request import write_head, write_request
from firsttoken.wire.wire_stats import Gauge, WireStats

MAX_TEXT = 300
"""Characters of a server's words in a row."""


class CancelledError(Exception):
    """Thrown into an attempt that the run ends."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.end = End(outcome, CUT_OFF[outcome])


class Client:
    """Sends attempts to one endpoint, from any number of greenlets of one hub.

    `connection` is "reuse", a pool that hands out the connection used last to the address whose turn it is, or
    "per_request"; `seed` says which address begins. Marks in rows are ns since `origin_ns` on CLOCK_MONOTONIC.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        dialect: Dialect,
        deadlines: Deadlines,
        origin_ns: int,
        connection: Literal["reuse", "per_request"] = "reuse",
        seed: str = "",
    ) -> None:
        self._endpoint = endpoint
        self._dialect = dialect
        self._deadlines = deadlines
        self._origin_ns = origin_ns
        self._reuse = connection == "reuse"
        self._head = write_head(endpoint, "keep-alive" if self._reuse else "close")
        self._dialer = Dialer(endpoint, seed)
        self._clock = Clock()
        self._gauge = Gauge()
        self._iterations = LoopIterations()
        self._priority_poll = share_priority_poll()
        self._idle: defaultdict[Address, list[Connection]] = defaultdict(list)
        self._in_flight: dict[Answer, Greenlet] = {}

    @property
    def in_flight(self) -> int:
        """Attempts begun and not ended."""
        return len(self._in_flight)

    def take_wire_stats(self) -> WireStats:
        """Return the wire's health since the last call."""
        return self._gauge.take()

    def send(self, row: Row, body: bytes, kept: list[bytes] | None = None) -> bool | None:
        """Make one attempt, block the calling greenlet until it has ended, and finish its row.

        Returns the server's `x-should-retry`, None where it said nothing. `kept`, where the text is read,
        gets the data of every event that holds some of it (answer_text.py).
        """
        answer = Answer(row, self._dialect, self._origin_ns, time.time(), self._gauge.record_first_token, kept)
        self._in_flight[answer] = getcurrent()
        end = STOPPED
        try:
            end = self._attempt(answer, write_request(self._head, body))
        except CancelledError as cancelled:
            end = cancelled.end
        except Exception as problem:  # noqa: BLE001 - a fault of ours is an outcome too, else the row would not say it
            end = end_of(problem)
        finally:
            del self._in_flight[answer]
            self._finish(answer, end)
        return answer.should_retry

    def cancel_all(self, outcome: Outcome) -> None:
        """End every attempt in flight at the hub's next turn; their marks so far stay in their rows."""
        get_hub().loop.run_callback(self._cancel, tuple(self._in_flight), outcome)

    def close(self) -> None:
        """Close the connections that wait for use; those in use close when their attempts end."""
        self._reuse = False
        for connection in chain.from_iterable(self._idle.values()):
            connection.close()
        self._idle.clear()
        self._dialer.close()
        self._iterations.close()

    def _cancel(self, answers: tuple[Answer, ...], outcome: Outcome) -> None:
        for answer in answers:
            user = self._in_flight.get(answer)
            if user is not None:  # else it has ended meanwhile
                user.throw(CancelledError(outcome))

    def _attempt(self, answer: Answer, request: bytes) -> End:
        """Exchange on a pooled connection if there is one; if that died before it answered, once more on a new one."""
        row, began_ns = answer.row, monotonic_ns()
        address = self._dialer.take_turn()
        pooled = None if address is None else self._take_idle(address)
        row.connection_reused = pooled is not None
        if pooled is not None:
            end = self._exchange(pooled, answer, request, began_ns)
            if not end.lost or answer.bytes_received:
                return end
            row.resends, row.connection_reused = 1, False
        return self._exchange(self._open(row, address), answer, request, began_ns)

    def _exchange(self, connection: Connection, answer: Answer, request: bytes, began_ns: int) -> End:
        end = None
        answer.row.peer = write_peer(connection.address)
        try:
            end = connection.exchange(request, answer, self._deadlines, began_ns)
        finally:
            if end is COMPLETE and answer.reusable and self._reuse:
                self._idle[connection.address].append(connection)
            else:
                connection.close()
        return end

    def _open(self, row: Row, address: Address | None) -> Connection:
        row.connect_start_ns = monotonic_ns() - self._origin_ns
        dialed = self._dialer.dial(min(self._deadlines.connect_s, self._deadlines.total_s), address)
        row.connected_ns = monotonic_ns() - self._origin_ns
        if dialed.passed_over:
            row.checks.append(ADDRESS_FAILED)
        return Connection(
            dialed, clock=self._clock, gauge=self._gauge, iterations=self._iterations, priority_poll=self._priority_poll
        )

    def _take_idle(self, address: Address) -> Connection | None:
        idle = self._idle[address]
        while idle:
            connection = idle.pop()
            if connection.is_reusable():
                return connection
            connection.close()
        return None

    def _finish(self, answer: Answer, end: End) -> None:
        row = answer.row
        row.end_ns = answer.at_ns if end is COMPLETE else monotonic_ns() - self._origin_ns
        row.outcome, error = answer.judge(end)
        row.error = error
        redact_row(row, self._endpoint.secrets)
        row.error = row.error and row.error[:MAX_TEXT]
        row.finish_reason = row.finish_reason and row.finish_reason[:MAX_TEXT]
