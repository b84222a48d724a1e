"""One answer's events made into marks: which event is the first token, the last, how far they lie apart.

Rule: pure. Times come in with the bytes: an event's mark is the stamp of the read that completed it, and what may have
come earlier than the stamp says is bracketed from below by the read before. What is no event of the answer (a sign of
life, a null, words of a gateway) leaves no mark.
"""

import re

from firsttoken.row import BUFFERED, REASONING_SUMMARY, UNSEEN_FIRST_WORD, USAGE_IMPOSSIBLE, Row
from firsttoken.wire.answer.burst import count_streamed, is_burst
from firsttoken.wire.answer.sse import MAX_STRAY_BYTES, Splitter
from firsttoken.wire.answer.thoughts import Thoughts
from firsttoken.wire.dialects.dialect import FOREIGN, NOTHING, Dialect, Meaning
from firsttoken.wire.fields.error_text import ServerError, find_words, read_server_error
from firsttoken.wire.fields.identity import record_author
from firsttoken.wire.fields.usage import Counts, Usage, merge_counts, resolve_counts
from firsttoken.wire.outcome import ProtocolError

DONE = b"[DONE]"
OBJECT = (b"{", b"[{", b"[[")
"""How the data of an event begins that belongs to an API; anything else is no event, however it is written."""
OUR_NAMES = re.compile(rb"|message|data|chunk|completion|delta|response\..*|content.*", re.IGNORECASE)
"""Names of events that can belong to an answer; a broken event of another name is ignored."""
ERROR_NAMES = frozenset({b"error", b"exception", b"failure"})
SHOWN = ("visible", "whole")
"""Kinds of tokens that a user sees."""
MOST_NAMELESS = 8
"""Events of an answer that are asked who wrote it, while none has said so."""


class Stream:
    """The state of one stream of events. Times are ns since the run's origin.

    What changes with every token is kept here, close together, and reaches the row with `settle`. `kept` gets the data
    of every event that holds visible text, for its reader; None where the text is not read.
    """

    __slots__ = (
        "_counts",
        "_dialect",
        "_first_token_event",
        "_gaps_us",
        "_kept",
        "_last_token_ns",
        "_odd",
        "_row",
        "_splitter",
        "_stray",
        "_undecided_ns",
        "decode",
        "done_ns",
        "error",
        "events",
        "first_token_data",
        "last_event_ns",
        "meaning",
        "thoughts",
    )

    def __init__(self, row: Row, dialect: Dialect, kept: list[bytes] | None = None) -> None:
        self._row = row
        self._kept = kept
        self._dialect = dialect
        self.decode = dialect.read
        self._splitter = Splitter()
        self.thoughts = Thoughts()
        self._undecided_ns: int | None = None
        """Arrival of the first text of which it is not known yet whether it is a thought."""
        self._counts: Counts = {}
        self._odd = False
        self._stray = b""
        self.error: ServerError | None = None
        """What the server said, once it reported an error in the stream."""
        self.events = 0
        """So far, but [DONE]."""
        self.done_ns: int | None = None
        """Arrival of the first [DONE], after which nothing that matters follows."""
        self.meaning = NOTHING
        """Of the last event."""
        self.last_event_ns = self._last_token_ns = 0
        self._gaps_us = row.gaps_us
        self.first_token_data: bytes | None = None
        """Data of the event that held the first token, until `close_bracket`."""
        self._first_token_event = 0
        """Its number."""

    @property
    def fresh(self) -> bool:
        """Whether an event that comes now depends on nothing before it."""
        return self._splitter.fresh

    @property
    def stray(self) -> bytes:
        """What was said outside the events of the API."""
        return self._splitter.stray + self._stray

    def feed(self, body: bytes, early_ns: int, stamp_ns: int) -> None:
        """Take a piece of the body that arrived after `early_ns` and at `stamp_ns` at the latest."""
        for name, data in self._splitter.feed(body):
            self._take(name, data, early_ns, stamp_ns)

    def end(self, early_ns: int, stamp_ns: int, *, whole: bool) -> None:
        """The body has ended; `whole`: HTTP says that nothing of it is missing, so its end ends the last event."""
        for name, data in self._splitter.end(whole=whole):
            try:
                self._take(name, data, early_ns, stamp_ns)
            except ProtocolError:  # cut off by the server itself
                self._record_stray(data)

    def _take(self, name: bytes, data: bytes, early_ns: int, stamp_ns: int) -> None:
        if data[:1] != b"{" and not data.lstrip().startswith(OBJECT):
            if data.strip(b' \t"') == DONE:
                self.done_ns = self.done_ns or stamp_ns
            else:
                self._take_words(name, data)
            return
        if name in ERROR_NAMES:
            meaning = Meaning(error=read_server_error(data))
        else:
            try:
                meaning = self.decode(data, name)
            except ProtocolError:
                self._take_unread(name, data, early_ns, stamp_ns)
                return
        if meaning is FOREIGN:
            if find_words(data):
                self._record_stray(data)
            return
        row = self._row
        self.events += 1
        self.last_event_ns = stamp_ns
        self.meaning = meaning
        if row.first_event_ns is None:
            row.first_event_ns = stamp_ns
        if row.model_served is None and self.events <= MOST_NAMELESS:
            record_author(row, data)
        if meaning is NOTHING:
            return
        if meaning.token is not None and (meaning.token != "whole" or self._saw_nothing()):
            self._mark_token(meaning, data, early_ns, stamp_ns)
        if meaning.finish is not None or meaning.usage is not None:
            if meaning.finish is not None or b"_tier" in data or b"fingerprint" in data:
                record_author(row, data, is_answer=meaning.finish is not None)
            row.finish_reason = meaning.finish or row.finish_reason
            if meaning.usage is not None:
                self._record_usage(meaning.usage)
        if meaning.error is not None and (self.done_ns is None or row.finish_reason is None):  # the answer is not whole
            self.error = meaning.error

    def _saw_nothing(self) -> bool:
        """Whether nothing visible has been streamed so far."""
        row = self._row
        return row.first_visible_ns is None and self._undecided_ns is None and UNSEEN_FIRST_WORD not in row.checks

    def _take_words(self, name: bytes, data: bytes) -> None:
        """Data that is no object: the words of an error, or else nothing of the answer."""
        if name in ERROR_NAMES:
            refused = read_server_error(data)
            self.error = refused if refused.words else refused._replace(words="an error without a message")
        elif data.strip() not in (b"", b"null"):
            self._record_stray(data)

    def _take_unread(self, name: bytes, data: bytes, early_ns: int, stamp_ns: int) -> None:
        """Data that is no JSON: several events without the blank line between them, or one that is not ours."""
        lines = data.split(b"\n")
        if len(lines) > 1 and all(line.strip() == DONE or self._is_readable(line) for line in lines):
            for line in lines:
                self._take(name, line, early_ns, stamp_ns)
        elif OUR_NAMES.fullmatch(name):
            self.decode(data, name)  # raises what is wrong with it
        else:
            self._record_stray(data)

    def _is_readable(self, line: bytes) -> bool:
        try:
            self.decode(line, b"")
        except ProtocolError:
            return False
        return True

    def repeat(self, tokens: int, stamp_ns: int) -> None:
        """Take so many more token events like the last one, which arrived at `stamp_ns`."""
        self.events += tokens
        self._gaps_us.append((stamp_ns - self._last_token_ns) // 1000)
        if tokens > 1:
            self._gaps_us.extend([0] * (tokens - 1))
        self.last_event_ns = self._last_token_ns = stamp_ns

    def _mark_token(self, meaning: Meaning, data: bytes, early_ns: int, stamp_ns: int) -> None:
        row = self._row
        if row.first_token_ns is None:
            row.first_token_early_ns, row.first_token_ns = min(early_ns, stamp_ns), stamp_ns
            self.first_token_data, self._first_token_event = data, self.events
        else:
            self._gaps_us.append((stamp_ns - self._last_token_ns) // 1000)
        self._last_token_ns = stamp_ns
        if self._kept is not None and meaning.token in SHOWN:
            self._kept.append(data)
        if meaning.token == "whole":
            row.first_visible_ns = stamp_ns
        elif meaning.token == "visible":
            if not self.thoughts.settled or b"<" in data or b"\\" in data:  # a tag may begin, be it escaped
                self._mark_text(data, stamp_ns)
        elif meaning.token == "summary" and REASONING_SUMMARY not in row.checks:
            row.checks.append(REASONING_SUMMARY)

    def _mark_text(self, data: bytes, stamp_ns: int) -> None:
        """Take a visible token whose text may be a thought."""
        row, text = self._row, self._dialect.read_text(data)
        sight = self.thoughts.take(text) if text else "visible"
        if sight == "undecided":
            self._undecided_ns = self._undecided_ns or stamp_ns
        elif sight == "uncertain":
            row.first_visible_ns = None
            row.checks += [UNSEEN_FIRST_WORD] * (UNSEEN_FIRST_WORD not in row.checks)
        elif sight == "visible" and row.first_visible_ns is None and UNSEEN_FIRST_WORD not in row.checks:
            row.first_visible_ns = stamp_ns if self._undecided_ns is None else self._undecided_ns
        if sight == "hidden":
            self._undecided_ns = None

    def close_bracket(self, read: bytes) -> bool:
        """Narrow the first token's bracket to its stamp if the kernel's stamp is its own; return whether it is.

        `read` is what the read returned. The kernel stamps a read with the arrival of its last segment, which is the
        first token's where the read ends with that event; anything after it may have come later.
        """
        row, data = self._row, self.first_token_data
        self.first_token_data = None
        if data is None or self.events != self._first_token_event or not self._splitter.between_events:
            return False
        if not read.rstrip(b"\r\n").endswith(data):  # a comment, [DONE] or a piece of HTTP stands after it
            return False
        row.first_token_early_ns = row.first_token_ns
        return True

    def settle(self, bytes_received: int | None = None) -> None:
        """Write into the row what was counted so far; `bytes_received`: of the body, where it was not compressed."""
        row = self._row
        row.events = self.events
        if row.first_token_ns is not None:
            row.token_events, row.last_token_ns = len(self._gaps_us) + 1, self._last_token_ns
        if row.first_visible_ns is None and UNSEEN_FIRST_WORD not in row.checks:
            row.first_visible_ns = self._undecided_ns
        if self._counts or self._odd:
            self._settle_usage(bytes_received)
        if self._is_burst():
            row.checks.append(BUFFERED)

    def _settle_usage(self, bytes_received: int | None) -> None:
        row, answered = self._row, self._row.first_token_ns is not None
        tokens = resolve_counts(self._counts, bytes_received=bytes_received, answered=answered)
        row.input_tokens, row.cached_tokens, row.cache_write_tokens = tokens.input, tokens.cached, tokens.written
        row.output_tokens, row.reasoning_tokens = tokens.output, tokens.reasoning
        row.token_source = None if tokens.output is None else "usage"
        if self._odd or tokens.odd:
            row.checks.append(USAGE_IMPOSSIBLE)

    def _is_burst(self) -> bool:
        """Whether the tokens came so close together that they cannot have been streamed as they were written."""
        row = self._row
        if row.first_token_ns is None or row.last_token_ns is None or row.sent_ns is None:
            return False
        span_ns, waited_ns = row.last_token_ns - row.first_token_ns, row.first_token_ns - row.sent_ns
        return is_burst(count_streamed(row), span_ns, waited_ns)

    def _record_usage(self, usage: Usage) -> None:
        """Merge new counts into earlier ones: some servers send a running count with every chunk."""
        merge_counts(self._counts, usage.counts)
        self._odd |= usage.odd

    def _record_stray(self, data: bytes) -> None:
        if len(self._stray) < MAX_STRAY_BYTES:
            self._stray += data[:MAX_STRAY_BYTES] + b"\n"
