"""One HTTP answer: its bytes and their stamps in, the row's marks and the server's verdict out.

Rule: pure; for any bytes, only ProtocolError and HttpParserError are raised. Every byte goes through
the parser, the splitter and the dialect, but for tokens that the fast path matches (fast_path.py).
"""

from collections.abc import Callable

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpResponseParser

from firsttoken.row import COMPRESSED, MISLABELLED, Outcome, Row
from firsttoken.wire.answer.fast_path import FastPathMatcher, learn_matcher
from firsttoken.wire.answer.inflate import CODINGS, Inflater, open_inflater
from firsttoken.wire.answer.refusal import record_refusal
from firsttoken.wire.answer.stream import Stream
from firsttoken.wire.answer.unstreamed import UnstreamedBody
from firsttoken.wire.dialects.dialect import TOKENS, VISIBLE, Dialect
from firsttoken.wire.fields.error_text import ServerError, find_server_error
from firsttoken.wire.headers.names import fill_row, read_should_retry
from firsttoken.wire.outcome import COMPLETE, LOST, End, ProtocolError, check_finish, judge

MAX_HEAD_BYTES = 256 * 1024
NOT_CODED = frozenset({"identity", "", "none", "null", "utf-8", "utf8", "binary", "chunked", "aws-chunked"})
"""What stands for no coding of a body, rightly or not."""
LENIENCIES = {
    "lenient_headers": True,
    "lenient_chunked_length": True,
    "lenient_optional_cr_before_lf": True,
    "lenient_spaces_after_chunk_size": True,
}
"""What the parser lets pass of what servers send against RFC 9112 and every client reads."""
MOST_LEARNED = 8
"""Templates made for one answer: for one whose tokens differ in more than words it is cheaper to decode them."""


class Answer:
    """The state of one answer. Marks in the row are ns since `origin_ns`; arguments are on the absolute clock.

    `wall_s` is the wall time in seconds since 1970 at which the attempt began; `record_first_token` is called once,
    whether the first token's stamp is exactly its own. Where `kept` is a list, visible tokens are all decoded, and it
    gets the data of their events.
    """

    __slots__ = (
        "_bare_bytes",
        "_between_chunks",
        "_early_ns",
        "_fresh",
        "_headers",
        "_inflater",
        "_keeps",
        "_kernel",
        "_learned",
        "_matcher",
        "_note_first_token",
        "_parser",
        "_refused",
        "_shows",
        "_skips",
        "_unstreamed",
        "_wall_s",
        "at_ns",
        "bytes_received",
        "ended",
        "origin_ns",
        "reusable",
        "row",
        "should_retry",
        "stream",
    )

    def __init__(
        self,
        row: Row,
        dialect: Dialect,
        origin_ns: int,
        wall_s: float,
        record_first_token: Callable[[bool], None],
        kept: list[bytes] | None = None,
    ) -> None:
        self.row = row
        self.origin_ns = origin_ns
        self.stream = Stream(row, dialect, kept)
        self._keeps = kept is not None
        self.bytes_received = 0
        self.ended = False
        """The whole answer is here, or as much of it as will be read."""
        self.reusable = False
        """The server keeps the connection, and nothing is left on it."""
        self.should_retry: bool | None = None
        self.at_ns = 0
        """Stamp of the last read."""
        self._early_ns = 0
        self._kernel = False
        self._matcher: FastPathMatcher | None = None
        self._shows = False
        """The matcher is of visible text, in which a thought may begin or end."""
        self._skips = False
        """What comes next may go the short way."""
        self._learned = 0
        self._bare_bytes = 0
        """Received since the last piece of body: of a head, of a trailer, or of nothing at all."""
        self._between_chunks = False
        self._fresh = False
        """What comes next begins an HTTP chunk and, in it, an event."""
        self._wall_s = wall_s
        self._note_first_token = record_first_token
        self._headers: dict[bytes, bytes] = {}
        self._refused: End | None = None
        self._inflater: Inflater | None = None
        self._unstreamed: UnstreamedBody | None = None
        """The body of an answer that its head does not call a stream of events."""
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(**LENIENCIES)

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

    @property
    def done_ns(self) -> int | None:
        """Arrival of the server's [DONE], on the absolute clock; None before it."""
        return None if self.stream.done_ns is None else self.stream.done_ns + self.origin_ns

    def skip(self, read: bytes, stamp_ns: int) -> bool:
        """Take a read if it is more tokens like the last one, and nothing else; return whether it was."""
        matcher = self._matcher
        if matcher is None or not self._skips:
            return False
        tokens = matcher.count(read)
        if not tokens:
            return False
        self.bytes_received += len(read)
        self.stream.repeat(tokens, stamp_ns - self.origin_ns)
        return True

    def receive(self, read: bytes, early_ns: int, stamp_ns: int, *, kernel: bool, whole: bool = True) -> None:
        """Take what a read returned: it arrived after `early_ns`, its last byte at `stamp_ns`.

        `kernel` says whose the stamp is; `whole`, whether the stamped byte is the last one of `read`: under TLS a
        record that is still incomplete may lie after it.
        """
        self.bytes_received += len(read)
        self.at_ns = stamp_ns - self.origin_ns
        self._early_ns, self._kernel = early_ns - self.origin_ns, kernel
        self._decode(read)
        if self.stream.first_token_data is not None:
            self.row.stamp = "kernel" if kernel else "user"
            self._note_first_token(self.stream.close_bracket(read if kernel and whole else b""))

    def _decode(self, read: bytes) -> None:
        """Have a read decoded in full, and learn from it if it was one token and nothing else."""
        stream = self.stream
        was_fresh, events = self._fresh, stream.events
        self._bare_bytes += len(read)
        try:
            self._parser.feed_data(read)
        except (HttpParserError, HttpParserUpgrade) as problem:
            self._stumble(problem)
        if self._bare_bytes > MAX_HEAD_BYTES:
            raise ProtocolError(f"expected a head or trailer of at most {MAX_HEAD_BYTES:,} bytes, got a longer one")
        plain = self._inflater is None and not self.ended
        self._fresh = plain and self._between_chunks and read.endswith(b"\r\n") and stream.fresh
        is_learnable = was_fresh and stream.events == events + 1 and stream.meaning in TOKENS
        if self._fresh and is_learnable and self._learned < MOST_LEARNED:  # it differed in more than words
            self._learned += 1
            self._shows = stream.meaning is VISIBLE
            self._matcher = learn_matcher(read, stream.decode, stream.meaning)
        known = self._matcher is not None and not (self._keeps and self._shows)
        self._skips = self._fresh and known and (stream.thoughts.settled or not self._shows)

    def hang_up(self) -> End:
        """What it means that the server closed the connection now: the end of a body without length, or a loss."""
        if not self.ended:
            self.stream.end(self._early_ns, self.at_ns, whole=False)
        return LOST if self.row.headers_ns is None or self._is_framed() else COMPLETE

    def judge(self, end: End) -> tuple[Outcome, str | None]:
        """Finish the row's counts; return the outcome, and the error text if any, given how the wire ended it.

        The last thing asked of an answer: it lets go of its parser, which holds it in turn, so that no collector of
        cycles has to come between reads.
        """
        del self._parser
        row, stream = self.row, self.stream
        row.bytes_received = self.bytes_received
        stream.settle(None if COMPRESSED in row.checks else self.bytes_received)
        refused, error = self._refused, stream.error
        if self._unstreamed is not None and refused is None:
            status, kind = row.http_status or 0, self._kind()
            refused, error = self._unstreamed.judge(status, kind, is_readable=self._is_readable())
        stray = stream.stray
        outcome, text = judge(
            end,
            answered=self.bytes_received > 0,
            stream_error=None if refused is not None else error,
            finish=row.finish_reason,
            refused=refused,
            done=stream.done_ns is not None,
            stray=stray,
        )
        if error is not None or stray:
            self._record_wait(error or find_server_error(stray))
        row.checks += check_finish(row.finish_reason, outcome)
        return outcome, text

    def _record_wait(self, refused: ServerError | None) -> None:
        """Keep what an error says of asking again."""
        if refused is not None:
            record_refusal(self.row, refused)

    # -- called by the parser ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self.ended:
            raise ProtocolError("expected nothing after the answer, got more bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.row.headers_ns is None:  # else a trailer, which says nothing that is asked
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
        if self._coding() in CODINGS:
            self._inflater = open_inflater(self._coding())
            row.checks.append(COMPRESSED)
        labelled = self._kind().startswith("text/event-stream")
        is_answer = status < 400 and not self.ended
        if not (labelled and is_answer):
            self._unstreamed = UnstreamedBody(is_doubted=is_answer)

    def on_chunk_header(self) -> None:
        self._between_chunks = False

    def on_chunk_complete(self) -> None:
        self._between_chunks = True

    def on_body(self, body: bytes) -> None:
        self._bare_bytes = 0
        for piece in (body,) if self._inflater is None else self._inflater.inflate(body):
            self._take_body(piece)

    def _take_body(self, body: bytes) -> None:
        if self._unstreamed is not None:
            events = self._unstreamed.take(body)
            if events is None:
                self.ended = self.ended or self._unstreamed.is_full
                return
            self._unstreamed, body = None, events
            self.row.checks.append(MISLABELLED)
        self.stream.feed(body, self._early_ns, self.at_ns)
        if self.stream.error is not None:  # nothing that matters follows, and some servers leave it open
            self.ended = True

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() >= 200:
            if self._unstreamed is None and not self.ended:
                self.stream.end(self._early_ns, self.at_ns, whole=True)
            self.ended, self.reusable = True, self._parser.should_keep_alive() and not self._is_ambiguous()

    # -- what follows from it ---------------------------------------------------------------------------------------

    def _stumble(self, problem: HttpParserError | HttpParserUpgrade) -> None:
        """The parser failed: after the end of the answer that only costs the connection."""
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
        if status < 300 and not self._is_readable():
            return End("protocol", f"expected the stream as it is, got it compressed ({self._coding()}) unasked")
        return None

    def _coding(self) -> str:
        """How the body is coded on top of its media type."""
        return self._headers.get(b"content-encoding", b"identity").decode("latin-1").strip().lower()

    def _is_readable(self) -> bool:
        return self._coding() in NOT_CODED or self._coding() in CODINGS

    def _kind(self) -> str:
        """The media type."""
        return self._headers.get(b"content-type", b"no content type").decode("latin-1").strip().lower()

    def _is_ambiguous(self) -> bool:
        """Whether the head says in two ways where the body ends: the connection is not used again (RFC 9112, 6.3)."""
        return b"content-length" in self._headers and b"transfer-encoding" in self._headers

    def _is_framed(self) -> bool:
        """Whether the head says where the body ends; else the connection's end is the body's."""
        return b"content-length" in self._headers or b"transfer-encoding" in self._headers
