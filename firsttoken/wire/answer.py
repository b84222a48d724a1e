"""One HTTP answer: its bytes and their stamps in, the row's marks and the server's verdict out.

Rule: pure, and whatever the bytes are, nothing but ProtocolError and HttpParserError is raised.
"""

from __future__ import annotations

from collections.abc import Callable

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpResponseParser

from firsttoken.row import Outcome, Row
from firsttoken.wire.dialects import Dialect
from firsttoken.wire.error_text import find_error, read_error
from firsttoken.wire.headers import fill_row, read_should_retry
from firsttoken.wire.outcome import COMPLETE, LOST, End, ProtocolError, judge, refuse_status
from firsttoken.wire.stream import Stream

MAX_BODY_BYTES = 64 * 1024
"""Of an answer that is no stream: enough for the server's words."""
MAX_HEAD_BYTES = 256 * 1024


class Answer:
    """The state of one answer. Marks in the row are ns since `origin_ns`; arguments are on the absolute clock.

    `wall_s` is the wall time in seconds since 1970 at which the attempt began; `note_first_token` is told, once,
    whether the first token's stamp is exactly its own.
    """

    def __init__(
        self, row: Row, dialect: Dialect, origin_ns: int, wall_s: float, note_first_token: Callable[[bool], None]
    ) -> None:
        self.row = row
        self.origin_ns = origin_ns
        self.stream = Stream(row, dialect)
        self.ended = False
        """The whole answer is here, or as much of it as will be read."""
        self.reusable = False
        """The server keeps the connection, and nothing is left on it."""
        self.should_retry: bool | None = None
        self.at_ns = 0
        """Stamp of the last read."""
        self._early_ns = 0
        self._kernel = False
        self._wall_s = wall_s
        self._note_first_token = note_first_token
        self._headers: dict[bytes, bytes] = {}
        self._refused: End | None = None
        self._words: bytearray | None = None
        """The body of an answer that is no stream."""
        self._parser = HttpResponseParser(self)

    def mark_sent(self, sent_ns: int) -> None:
        """The request's first byte is about to go; of several sendings, the first counts."""
        if self.row.sent_ns is None:
            self.row.sent_ns = sent_ns - self.origin_ns

    def mark_uploaded(self, uploaded_ns: int) -> None:
        """The request's last byte is with the kernel."""
        self.row.uploaded_ns = uploaded_ns - self.origin_ns

    @property
    def last_event_ns(self) -> int | None:
        """Arrival of the last event, on the absolute clock; None before the first token."""
        return None if self.row.first_token_ns is None else self.stream.last_event_ns + self.origin_ns

    def receive(
        self, read: bytes | memoryview, early_ns: int, stamp_ns: int, *, kernel: bool, whole: bool = True
    ) -> None:
        """Take what a read returned: it arrived after `early_ns`, its last byte at `stamp_ns`.

        `kernel` says whose the stamp is; `whole`, whether the stamped byte is the last one of `read`: under TLS a
        record that is still incomplete may lie after it.
        """
        row = self.row
        row.bytes_received += len(read)
        self._early_ns, self.at_ns, self._kernel = early_ns - self.origin_ns, stamp_ns - self.origin_ns, kernel
        try:
            self._parser.feed_data(read)
        except (HttpParserError, HttpParserUpgrade) as problem:
            self._stumble(problem)
        if self.stream.first_token_data is not None:
            row.stamp = "kernel" if kernel else "user"
            self._note_first_token(self.stream.close_bracket(bytes(read) if kernel and whole else b""))
        elif row.headers_ns is None and row.bytes_received > MAX_HEAD_BYTES:
            raise ProtocolError(f"expected a head of at most {MAX_HEAD_BYTES:,} bytes, got a longer one")

    def hang_up(self) -> End:
        """What it means that the server closed the connection now: the end of a body without length, or a loss."""
        return LOST if self.row.headers_ns is None or self._is_framed() else COMPLETE

    def judge(self, end: End) -> tuple[Outcome, str | None]:
        """The outcome of the attempt, and the error text if there is one, given how the wire ended it."""
        refused, stream_error = self._refused, self.stream.error
        if self._words is not None and refused is None:
            words, status = bytes(self._words), self.row.http_status or 0
            if status >= 400:
                refused = refuse_status(status, read_error(words))
            elif (error := find_error(words)) is not None:
                stream_error = error
            else:
                refused = End("protocol", f"expected text/event-stream, got {self._kind()}: {read_error(words)}")
        return judge(
            end,
            answered=self.row.bytes_received > 0,
            stream_error=stream_error,
            finish=self.row.finish_reason,
            refused=refused,
        )

    # -- called by the parser ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self.ended:
            raise ProtocolError("expected nothing after the answer, got more bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            self._headers = {}
            return
        row = self.row
        row.http_status, row.headers_ns, row.stamp = status, self.at_ns, "kernel" if self._kernel else "user"
        self.should_retry = read_should_retry(self._headers)
        fill_row(row, self._headers, self._wall_s)
        self._refused = self._find_refusal(status)
        self.ended = self._refused is not None
        if self.ended or status >= 400 or not self._kind().startswith("text/event-stream"):
            self._words = bytearray()

    def on_body(self, body: bytes) -> None:
        if self._words is None:
            self.stream.feed(body, self._early_ns, self.at_ns)
            if self.stream.error is not None:  # nothing that matters follows, and some servers leave it open
                self.ended = True
        elif len(self._words) < MAX_BODY_BYTES:
            self._words += body
        else:
            self.ended = True

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() >= 200:
            self.ended, self.reusable = True, self._parser.should_keep_alive()

    # -- what follows from it ---------------------------------------------------------------------------------------

    def _stumble(self, problem: HttpParserError | HttpParserUpgrade) -> None:
        """The parser gave up: after the end of the answer that only costs the connection."""
        if self.ended:
            self.reusable = False
        elif isinstance(problem, HttpParserUpgrade):
            raise ProtocolError("expected an answer over HTTP/1.1, got a switch of protocols")
        elif isinstance(problem, HttpParserCallbackError) and problem.__context__ is not None:
            raise problem.__context__
        else:
            raise problem

    def _find_refusal(self, status: int) -> End | None:
        """What makes the body not worth reading, if anything does."""
        if 300 <= status < 400:
            place = self._headers.get(b"location", b"nowhere").decode("latin-1")
            return End("protocol", f"expected an answer, got a redirect ({status}) to {place}")
        encoding = self._headers.get(b"content-encoding", b"identity").decode("latin-1").strip().lower()
        if status < 300 and encoding != "identity":
            return End("protocol", f"expected the stream as it is, got it compressed ({encoding}) unasked")
        return None

    def _kind(self) -> str:
        """The media type."""
        return self._headers.get(b"content-type", b"no content type").decode("latin-1").strip().lower()

    def _is_framed(self) -> bool:
        """Whether the head says where the body ends; else the connection's end is the body's."""
        return b"content-length" in self._headers or b"transfer-encoding" in self._headers
