"""One answer's events made into marks: which event is the first token, the last, how far they lie apart.

Rule: pure. Times come in with the bytes: an event's mark is the stamp of the read that completed it, and what may have
come earlier than the stamp says is bracketed from below by the read before.
"""

from __future__ import annotations

from firsttoken.row import REASONING_SUMMARY, Row
from firsttoken.wire.dialects.dialect import NOTHING, Dialect, Meaning, Usage
from firsttoken.wire.error_text import read_error
from firsttoken.wire.sse import Splitter

DONE = b"[DONE]"


class Stream:
    """The state of one stream of events. Times are ns since the run's origin.

    What changes with every token is kept here, close together, and reaches the row with `settle`.
    """

    __slots__ = (
        "_first_token_event",
        "_gaps_us",
        "_last_token_ns",
        "_row",
        "_splitter",
        "decode",
        "done_ns",
        "error",
        "events",
        "first_token_data",
        "last_event_ns",
        "meaning",
    )

    def __init__(self, row: Row, dialect: Dialect) -> None:
        self._row = row
        self.decode = dialect.read
        self._splitter = Splitter()
        self.error: str | None = None
        """The server's words, once it reported an error in the stream."""
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

    def feed(self, body: bytes, early_ns: int, stamp_ns: int) -> None:
        """Take a piece of the body that arrived after `early_ns` and at `stamp_ns` at the latest."""
        for name, data in self._splitter.feed(body):
            if data == DONE:
                self.done_ns = self.done_ns or stamp_ns
                continue
            row = self._row
            self.events += 1
            self.last_event_ns = stamp_ns
            if row.first_event_ns is None:
                row.first_event_ns = stamp_ns
            if name == b"error":
                self.error = read_error(data) or "an error without words"
                continue
            self.meaning = meaning = self.decode(data)
            if meaning is NOTHING:
                continue
            if meaning.token is not None:
                self._mark_token(meaning, data, early_ns, stamp_ns)
            row.finish_reason = meaning.finish or row.finish_reason
            self.error = meaning.error or self.error
            if meaning.usage is not None:
                self._note_usage(meaning.usage)

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
        if meaning.token == "visible" and row.first_visible_ns is None:
            row.first_visible_ns = stamp_ns
        elif meaning.token == "summary" and REASONING_SUMMARY not in row.checks:
            row.checks.append(REASONING_SUMMARY)

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

    def settle(self) -> None:
        """Write into the row what was counted so far."""
        row = self._row
        row.events = self.events
        if row.first_token_ns is not None:
            row.token_events, row.last_token_ns = len(self._gaps_us) + 1, self._last_token_ns

    def _note_usage(self, usage: Usage) -> None:
        """The last usage stands: some servers send a running count with every chunk."""
        row = self._row
        row.input_tokens, row.cached_tokens, row.output_tokens, row.reasoning_tokens = usage
        row.token_source = None if usage.output is None else "usage"
