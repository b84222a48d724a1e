"""One attempt through the openai package: its marks, what its objects say, and the finished row.

Rule: a mark is taken in user space, when the package hands something over. What an object means is not decided here:
written back as the event that it came from, it goes the way of the wire's events.
"""

import contextlib
import time
from collections.abc import Iterable, Mapping
from time import monotonic_ns

import httpx2
import msgspec
from gevent import get_hub
from openai import BaseModel

from firsttoken.row import BUFFERED, COMPRESSED, MISLABELLED, Row
from firsttoken.sdk.body import Body
from firsttoken.sdk.errors import judge_no_stream
from firsttoken.wire.addresses import write_peer
from firsttoken.wire.answer.burst import count_streamed, is_burst
from firsttoken.wire.answer.inflate import CODINGS
from firsttoken.wire.answer.refusal import record_refusal
from firsttoken.wire.answer.stream import Stream
from firsttoken.wire.attempt import MAX_TEXT
from firsttoken.wire.deadlines import Deadlines
from firsttoken.wire.dialects.dialect import Dialect
from firsttoken.wire.fields.error_text import ServerError, read_server_error
from firsttoken.wire.headers.names import REFUSED_FROM, fill_row, read_should_retry
from firsttoken.wire.outcome import COMPLETE, STOPPED, End, ProtocolError, check_finish, judge
from firsttoken.wire.redact import redact_row
from firsttoken.wire.tls import word_late_handshake

CONNECTED = {"connect_tcp.complete", "start_tls.complete"}
"""Steps of httpx2's trace that hand over a connection, as their `return_value`."""
MARKS = {
    "connect_tcp.started": "connect_start_ns",
    "send_request_headers.started": "sent_ns",
    "send_request_body.complete": "uploaded_ns",
    "receive_response_headers.complete": "headers_ns",
}
"""Step of httpx2's trace -> the row's mark."""
PLACE_PARTS = 2
"""Host and port; of IPv6 more."""


class Attempt:
    """One attempt on its way: its row, what its objects say, why it was cut short if it was."""

    def __init__(self, row: Row, dialect: Dialect, origin_ns: int, kept: list[bytes] | None = None) -> None:
        self.row = row
        self._dialect = dialect
        self.stream = Stream(row, dialect, kept)
        self.began_ns = monotonic_ns()
        self.cut = STOPPED
        self.timer = get_hub().loop.timer(0)
        self.refused: End | None = None
        self.stream_error: ServerError | None = None
        self.should_retry: bool | None = None
        self.response: httpx2.Response | None = None
        self.body: Body | None = None
        """Of an answer that the package streams."""
        self.shakes_hands = False
        """The connection stands, and its TLS handshake has begun."""
        self.hung_up = False
        """The server has closed the connection."""
        self._answered = False
        """A byte came that was the server's own."""
        self._kind = self._coding = ""
        self._first_came_ns: int | None = None
        self._last_came_ns: int | None = None
        """When the pieces came that held the first and the last token."""
        self._origin_ns = origin_ns
        self._wall_s = time.time()
        self._connected_ns: int | None = None
        self._tunnelling = False

    def now_ns(self) -> int:
        """Nanoseconds since the run's origin."""
        return monotonic_ns() - self._origin_ns

    def record_step(self, name: str, info: Mapping[str, object]) -> None:
        """Take a mark from httpx2's trace; what is said to a proxy to get a tunnel leaves none."""
        now_ns, step = self.now_ns(), name.partition(".")[2]
        if step in CONNECTED:
            self._connected_ns, self.shakes_hands = now_ns, False
        elif step == "start_tls.started":
            self.shakes_hands = True
        elif step == "send_request_headers.started":
            self._tunnelling = getattr(info.get("request"), "method", b"") == b"CONNECT"
            if not self._tunnelling:
                self.row.connected_ns, self.row.connection_reused = self._connected_ns, self._connected_ns is None
        if step in MARKS and not self._tunnelling:
            setattr(self.row, MARKS[step], now_ns)

    def record_read(self, data: bytes) -> None:
        """Take what a read of the connection brought: b"" at its end."""
        self.hung_up = not data
        self._answered |= bool(data) and not self._tunnelling

    def receive_head(self, response: httpx2.Response) -> bool:
        """Take the status and headers of an answer; return whether the package may stream it, whatever its label."""
        headers = {name.lower(): value for name, value in response.headers.raw}
        row = self.row
        self.response, row.http_status, row.stamp = response, response.status_code, "user"
        row.peer = _find_peer(response)
        self.should_retry = read_should_retry(headers)
        fill_row(row, headers, self._wall_s)
        self._kind, location = (headers.get(name, b"").decode("latin-1") for name in (b"content-type", b"location"))
        self._coding = headers.get(b"content-encoding", b"identity").decode("latin-1").strip().lower()
        if self._coding in CODINGS:
            row.checks.append(COMPRESSED)
        if response.status_code < 300:
            if isinstance(response.stream, httpx2.SyncByteStream):
                self.body = response.stream = Body(response.stream, self.now_ns)
            return True
        body = response.read()
        self.refused, self.stream_error = judge_no_stream(response.status_code, self._kind, location, body)
        if response.status_code >= REFUSED_FROM:
            record_refusal(self.row, read_server_error(body))
        return False

    def receive_objects(self, objects: Iterable[object]) -> None:
        """Take every object of a stream, each when the package hands it over; an error ends it."""
        for item in objects:
            self.receive_event(self.now_ns(), _write_event(item))
            if self.stream.error is not None:
                return
        if not self.stream.events and self.body is not None:  # it ended, and the package made nothing of it
            self._read_words(self.body.read_again(self._coding))

    def _read_words(self, body: bytes) -> None:
        """Take the server's words from an answer in which there was no event."""
        judged = judge_no_stream(self.row.http_status or 0, self._kind, "", body)
        self.stream_error = judged.stream_error
        if not self._is_labelled:
            self.refused = judged.refused

    def receive_event(self, at_ns: int, data: bytes) -> None:
        """Take one event, as the wire would have met it."""
        row = self.row
        tokens = len(row.gaps_us) + (row.first_token_ns is not None)
        self.stream.feed(b"data: %b\n\n" % data, at_ns, at_ns)
        if self.body is None:
            return
        if len(row.gaps_us) + (row.first_token_ns is not None) > tokens:
            self._last_came_ns = self.body.came_ns
            if not tokens:
                self._first_came_ns = self.body.came_ns

    @property
    def _is_labelled(self) -> bool:
        """Whether the head says that a stream of events follows."""
        return self._kind.strip().lower().startswith("text/event-stream")

    def find_due(self, deadlines: Deadlines, place: str) -> tuple[int, End]:
        """When the next deadline strikes, on CLOCK_MONOTONIC, and what it makes of the attempt."""
        row = self.row
        if row.sent_ns is None:
            patience_s = min(deadlines.connect_s, deadlines.total_s)
            words = f"no connection to {place} within {patience_s:g} s"
            late = End("connect", word_late_handshake(place, patience_s) if self.shakes_hands else words)
            return self.began_ns + round(patience_s * 1e9), late
        last_ns = None if row.first_token_ns is None else self.stream.last_event_ns + self._origin_ns
        return deadlines.find_due(self.began_ns, row.sent_ns + self._origin_ns, last_ns)

    def finish(self, end: End, secrets: tuple[str, ...]) -> None:
        """Judge the attempt, given how it ended, and complete its row. Bytes received are those of the body."""
        row = self.row
        row.end_ns = self.now_ns()
        row.bytes_received = self.response.num_bytes_downloaded if self.response else 0
        self.stream.settle(None if COMPRESSED in row.checks else row.bytes_received)
        error, rest = self.stream_error or self.stream.error, self._read_rest(end)
        row.outcome, words = judge(
            end,
            answered=self._answered,
            stream_error=error,
            finish=row.finish_reason,
            refused=self.refused,
            done=rest.done_ns is not None,
            stray=rest.stray,
        )
        if error is not None:
            record_refusal(row, error)
        row.checks += check_finish(row.finish_reason, row.outcome)
        self._record_arrival()
        row.error = words
        redact_row(row, secrets)
        row.error = row.error and row.error[:MAX_TEXT]

    def _read_rest(self, end: End) -> Stream:
        """What the package passes over in an answer without a finish reason: a [DONE], and words outside the events."""
        rest = Stream(Row(), self._dialect)
        ended = end is COMPLETE or end.lost
        if ended and self.row.finish_reason is None and self.body is not None:
            with contextlib.suppress(ProtocolError):  # what was kept may begin in the middle of an event
                rest.feed(self.body.read_again(self._coding), 0, 0)
                rest.end(0, 0, whole=True)
        return rest

    def _record_arrival(self) -> None:
        """Say in the row what is odd about how the answer came: under another label, or in one burst."""
        checks = self.row.checks
        if self.stream.events and not self._is_labelled and self.body is not None:
            checks.append(MISLABELLED)
        if BUFFERED not in checks and self._came_in_a_burst():
            checks.append(BUFFERED)

    def _came_in_a_burst(self) -> bool:
        """Whether the pieces that held the tokens came so, however long the package then took to decode them."""
        row, first_ns, last_ns = self.row, self._first_came_ns, self._last_came_ns
        if row.sent_ns is None or first_ns is None or last_ns is None:
            return False
        return is_burst(count_streamed(row), last_ns - first_ns, first_ns - row.sent_ns)


def _write_event(item: object) -> bytes:
    """What the package handed over, as the event that it came from: of data that is no object, as it decoded it."""
    if isinstance(item, BaseModel):
        return item.to_json(indent=None, warnings=False).encode()
    return msgspec.json.encode(item)


def _find_peer(response: httpx2.Response) -> str | None:
    """Address and port at the other end of the connection, which the package chose by itself."""
    stream = response.extensions.get("network_stream")
    try:
        place = None if stream is None else stream.get_extra_info("server_addr")
    except OSError:  # it was closed meanwhile
        return None
    return write_peer((0, place)) if isinstance(place, tuple) and len(place) >= PLACE_PARTS else None
