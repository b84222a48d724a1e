"""The client of a target with client = "sdk": attempts go through the openai package, as an application's would.

Rule: the package does all that it does for an application, except its own retries; what ends an attempt from outside
ends it here as it does on the wire.
"""

from collections.abc import Mapping
from time import monotonic_ns
from typing import cast

import httpx2
import msgspec
from gevent import Greenlet, get_hub, getcurrent
from openai import APIError, APIStatusError

from firsttoken.row import Outcome, Row
from firsttoken.sdk.attempt import CONNECTED, Attempt
from firsttoken.sdk.errors import end_of_package
from firsttoken.sdk.package import Package
from firsttoken.sdk.reads import Connection, watch_reads
from firsttoken.wire.deadlines import Deadlines
from firsttoken.wire.dialects.dialect import Dialect
from firsttoken.wire.endpoint import Endpoint
from firsttoken.wire.outcome import COMPLETE, CUT_OFF, STOPPED, End
from firsttoken.wire.tls import word_late_handshake
from firsttoken.wire.wire_stats import Gauge, WireStats


class Cut(BaseException):
    """Thrown into an attempt that is ended from outside, past all that catches errors; why, the attempt knows."""


class SdkClient:
    """Sends attempts to one endpoint through one `openai.OpenAI`, from any number of greenlets of a patched process.

    Like `firsttoken.wire.attempt.Client`, whose place it takes. Deadlines are kept by the hub; where sockets do not
    yield to it, in a process that is not patched, the package's own time-outs stand in.
    """

    def __init__(self, endpoint: Endpoint, dialect: Dialect, deadlines: Deadlines, origin_ns: int) -> None:
        self._place = endpoint.authority
        self._secrets = endpoint.secrets
        self._dialect = dialect
        self._deadlines = deadlines
        self._origin_ns = origin_ns
        self._package = Package(endpoint, dialect, deadlines, self._trace)
        self._gauge = Gauge()
        self._in_flight: dict[Greenlet, Attempt] = {}

    @property
    def in_flight(self) -> int:
        """Attempts begun and not ended."""
        return len(self._in_flight)

    def take_wire_stats(self) -> WireStats:
        """Return empty stats: nothing of the kernel's is seen through the package."""
        return self._gauge.take()

    def send(self, row: Row, body: bytes, kept: list[bytes] | None = None) -> bool | None:
        """Make one attempt, block the calling greenlet until it has ended, and finish its row.

        Returns the server's `x-should-retry`, None where it said nothing. `kept` as in `firsttoken.wire.attempt`.
        """
        attempt, user = Attempt(row, self._dialect, self._origin_ns, kept), getcurrent()
        self._in_flight[user] = attempt
        end = STOPPED
        try:
            self._watch_deadlines(user, attempt)
            end = self._exchange(attempt, msgspec.json.decode(body, type=dict[str, object]))
        except Cut:
            end = attempt.cut
        except Exception as problem:  # noqa: BLE001 - a fault of ours is an outcome too, else the row would not say it
            late = word_late_handshake(self._place, self._deadlines.connect_s) if attempt.shakes_hands else None
            end = end_of_package(problem, self._place, late_handshake=late, hung_up=attempt.hung_up)
        finally:
            del self._in_flight[user]
            attempt.timer.close()
            attempt.finish(end, self._secrets)
        return attempt.should_retry

    def cancel_all(self, outcome: Outcome) -> None:
        """End every attempt in flight at the hub's next turn; their marks so far stay in their rows."""
        get_hub().loop.run_callback(self._cancel, tuple(self._in_flight.items()), outcome)

    def close(self) -> None:
        """Close the package's connections."""
        self._package.close()

    def _exchange(self, attempt: Attempt, fields: dict[str, object]) -> End:
        try:
            with self._package.ask(fields) as objects:
                if attempt.receive_head(objects.response):
                    attempt.receive_objects(objects)
        except APIStatusError as error:
            attempt.receive_head(error.response)
        except APIError as error:
            if error.body is None:
                raise
            attempt.receive_event(attempt.now_ns(), msgspec.json.encode({"error": error.body}))
        return COMPLETE

    def _trace(self, request: httpx2.Request) -> None:
        attempt = self._in_flight[getcurrent()]

        def record_step(name: str, info: Mapping[str, object]) -> None:
            attempt.record_step(name, info)
            if name.partition(".")[2] in CONNECTED:
                watch_reads(cast("Connection", info["return_value"]), self._record_read)

        request.extensions["trace"] = record_step

    def _record_read(self, data: bytes) -> None:
        """A connection serves many attempts, one after another: what it brings is for the one whose greenlet read."""
        if (attempt := self._in_flight.get(getcurrent())) is not None:
            attempt.record_read(data)

    def _watch_deadlines(self, user: Greenlet, attempt: Attempt) -> None:
        """End the attempt if a deadline has passed, else look again before another one can."""
        if self._in_flight.get(user) is not attempt:
            return
        attempt.timer.close()
        due_ns, end = attempt.find_due(self._deadlines, self._place)
        left_s = (due_ns - monotonic_ns()) / 1e9
        if left_s <= 0:
            self._cut(user, attempt, end)
            return
        attempt.timer = get_hub().loop.timer(min(left_s, *self._deadlines))
        attempt.timer.start(self._watch_deadlines, user, attempt)

    def _cancel(self, attempts: tuple[tuple[Greenlet, Attempt], ...], outcome: Outcome) -> None:
        end = End(outcome, CUT_OFF[outcome])
        for user, attempt in attempts:
            if self._in_flight.get(user) is attempt:  # else it has ended meanwhile
                self._cut(user, attempt, end)

    def _cut(self, user: Greenlet, attempt: Attempt, end: End) -> None:
        attempt.cut = end
        user.throw(Cut)
