"""One attempt through the openai package: its marks, what its objects say, and the finished row.

Rule: a mark is taken in user space, when the package hands something over. What an object means is not decided here:
written back as the event that it came from, it goes the way of the wire's events.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from time import monotonic_ns

import httpx2
from gevent import get_hub
from openai import BaseModel

from firsttoken.load.sdk_error import judge_no_stream
from firsttoken.row import Row
from firsttoken.wire.attempt import MAX_TEXT
from firsttoken.wire.deadlines import Deadlines
from firsttoken.wire.dialects.dialect import Dialect
from firsttoken.wire.headers import fill_row, read_should_retry
from firsttoken.wire.outcome import STOPPED, End, judge
from firsttoken.wire.redact import redact
from firsttoken.wire.stream import Stream

CONNECTED = {"connect_tcp.complete", "start_tls.complete"}
MARKS = {
    "connect_tcp.started": "connect_start_ns",
    "send_request_headers.started": "sent_ns",
    "send_request_body.complete": "uploaded_ns",
    "receive_response_headers.complete": "headers_ns",
}
"""Step of httpx2's trace -> the row's mark."""


class Attempt:
    """One attempt on its way: its row, what its objects say, why it was cut short if it was."""

    def __init__(self, row: Row, dialect: Dialect, origin_ns: int) -> None:
        self.row = row
        self.stream = Stream(row, dialect)
        self.began_ns = monotonic_ns()
        self.cut = STOPPED
        self.timer = get_hub().loop.timer(0)
        self.refused: End | None = None
        self.stream_error: str | None = None
        self.should_retry: bool | None = None
        self.response: httpx2.Response | None = None
        self._origin_ns = origin_ns
        self._wall_s = time.time()
        self._connected_ns: int | None = None
        self._tunnelling = False

    def now_ns(self) -> int:
        """Nanoseconds since the run's origin."""
        return monotonic_ns() - self._origin_ns

    def note_step(self, name: str, info: Mapping[str, object]) -> None:
        """Take a mark from httpx2's trace; what is said to a proxy to get a tunnel leaves none."""
        now_ns, step = self.now_ns(), name.partition(".")[2]
        if step in CONNECTED:
            self._connected_ns = now_ns
        elif step == "send_request_headers.started":
            self._tunnelling = getattr(info.get("request"), "method", b"") == b"CONNECT"
            if not self._tunnelling:
                self.row.connected_ns, self.row.connection_reused = self._connected_ns, self._connected_ns is None
        if step in MARKS and not self._tunnelling:
            setattr(self.row, MARKS[step], now_ns)

    def hear_head(self, response: httpx2.Response) -> bool:
        """Take the status and headers of an answer; return whether it is a stream."""
        headers = {name.lower(): value for name, value in response.headers.raw}
        self.response, self.row.http_status, self.row.stamp = response, response.status_code, "user"
        self.should_retry = read_should_retry(headers)
        fill_row(self.row, headers, self._wall_s)
        kind, location = (headers.get(name, b"").decode("latin-1") for name in (b"content-type", b"location"))
        if response.status_code < 300 and kind.strip().lower().startswith("text/event-stream"):
            return True
        self.refused, self.stream_error = judge_no_stream(response.status_code, kind, location, response.read())
        return False

    def hear(self, objects: Iterable[BaseModel]) -> None:
        """Take every object of a stream, each when the package hands it over; an error ends it."""
        for item in objects:
            self.hear_event(self.now_ns(), item.to_json(indent=None, warnings=False).encode())
            if self.stream.error is not None:
                return

    def hear_event(self, at_ns: int, data: bytes) -> None:
        """Take one event, as the wire would have met it."""
        self.stream.feed(b"data: %b\n\n" % data, at_ns, at_ns)

    def find_due(self, deadlines: Deadlines, place: str) -> tuple[int, End]:
        """When the next deadline strikes, on CLOCK_MONOTONIC, and what it makes of the attempt."""
        row = self.row
        if row.sent_ns is None:
            patience_s = min(deadlines.connect_s, deadlines.total_s)
            late = End("connect", f"no connection to {place} within {patience_s:g} s")
            return self.began_ns + round(patience_s * 1e9), late
        last_ns = None if row.first_token_ns is None else self.stream.last_event_ns + self._origin_ns
        return deadlines.find_due(self.began_ns, row.sent_ns + self._origin_ns, last_ns)

    def finish(self, end: End, secrets: tuple[str, ...]) -> None:
        """Judge the attempt, given how it ended, and complete its row. Bytes received are those of the body."""
        row, answered = self.row, self.response is not None
        row.end_ns = self.now_ns()
        self.stream.settle()
        row.bytes_received = self.response.num_bytes_downloaded if self.response else 0
        stream_error = self.stream_error or self.stream.error
        row.outcome, error = judge(
            end, answered=answered, stream_error=stream_error, finish=row.finish_reason, refused=self.refused
        )
        row.error = None if error is None else redact(error, secrets)[:MAX_TEXT]
        if row.server_request_id is not None:
            row.server_request_id = redact(row.server_request_id, secrets)
        if row.deployment is not None:
            row.deployment = redact(row.deployment, secrets)
