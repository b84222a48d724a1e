"""Server-sent events: bytes in, whole events out, however the bytes were cut.

Rule: pure, and to the letter of the HTML standard, section 9.2.6 "Interpreting an event stream": lines end with CRLF,
LF or CR; a blank line dispatches; an event without data is none; what the end of the stream cuts off is dropped.
"""

from __future__ import annotations

from firsttoken.wire.outcome import ProtocolError

MAX_EVENT_BYTES = 16 * 1024 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
CR = 13


class Splitter:
    """The state between two reads of one stream."""

    __slots__ = ("_after_cr", "_begun", "_data", "_has_begun", "_held", "_name", "_partial")

    def __init__(self) -> None:
        self._partial: list[bytes] = []
        """Pieces of a line whose end has not come."""
        self._begun = 0
        """Their bytes."""
        self._after_cr = False
        """The last byte was a CR, which ended its line; an LF that comes now belongs to it."""
        self._name = b""
        self._data: list[bytes] = []
        self._held = 0
        self._has_begun = False
        """A field has come, before which alone a byte order mark may stand."""

    @property
    def between_events(self) -> bool:
        """Whether the last event is complete and nothing of the next has come."""
        return not self._partial and not self._data

    @property
    def fresh(self) -> bool:
        """Whether an event that comes now depends on nothing before it."""
        return self.between_events and not self._name

    def feed(self, chunk: bytes) -> list[tuple[bytes, bytes]]:
        """Return the events that `chunk` completes, as (name, data); the name is empty where the server gave none.

        Raises ProtocolError for an event over 16 MiB.
        """
        events: list[tuple[bytes, bytes]] = []
        for line in self._end_lines(chunk):
            if line[:5] == b"data:":
                self._hold(line[6:] if line[5:6] == b" " else line[5:])
            elif line:
                self._take_field(line)
            elif self._data:
                events.append((self._name, b"\n".join(self._data)))
                self._name, self._data, self._held = b"", [], 0
            else:
                self._name = b""
        return events

    def _end_lines(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` ends, without their ends; what it begins is kept."""
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        if not chunk:
            return []
        lines = chunk.splitlines()
        rest = b"" if chunk[-1] in b"\r\n" else lines.pop()
        if self._partial and lines:
            lines[0] = b"".join((*self._partial, lines[0]))
            self._partial, self._begun = [], 0
        if rest:
            self._partial.append(rest)
            self._begun += len(rest)
            if self._held + self._begun > MAX_EVENT_BYTES:
                raise ProtocolError(f"expected events of at most {MAX_EVENT_BYTES:,} bytes, got a longer one")
        self._after_cr = chunk[-1] == CR
        return lines

    def _hold(self, data: bytes) -> None:
        self._has_begun = True
        self._data.append(data)
        self._held += len(data)
        if self._held > MAX_EVENT_BYTES:
            raise ProtocolError(f"expected events of at most {MAX_EVENT_BYTES:,} bytes, got a longer one")

    def _take_field(self, line: bytes) -> None:
        """A line that does not begin with `data:`: a comment, an `event:`, or a field that means nothing here."""
        line = line if self._has_begun else line.removeprefix(BYTE_ORDER_MARK)
        self._has_begun = True
        name, _, value = line.partition(b":")
        if name == b"data":
            self._hold(value.removeprefix(b" "))
        elif name == b"event":
            self._name = value.removeprefix(b" ")
