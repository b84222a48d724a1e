"""Server-sent events: bytes in, whole events out, however the bytes were cut.

Rule: pure, and to the letter of the HTML standard, section 9.2.6 "Interpreting an event stream": lines end with CRLF,
LF or CR; a blank line dispatches; an event without data is ignored. Two things go beyond it, since servers do: where
HTTP says that the body is whole, its end ends the last event; and what stands outside the fields of the standard is
kept so that the text of an error can be found there.
"""

from firsttoken.wire.outcome import ProtocolError

MAX_EVENT_BYTES = 16 * 1024 * 1024
MAX_STRAY_BYTES = 64 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MEANINGLESS = {b"id", b"retry", b""}
"""Fields of the standard that change nothing here; the empty name is a comment's."""
CR = 13


class Splitter:
    """The state between two reads of one stream."""

    __slots__ = ("_after_cr", "_begun", "_data", "_has_begun", "_held", "_name", "_partial", "_stray")

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
        self._stray: bytes = b""

    @property
    def stray(self) -> bytes:
        """The lines that are no field of the standard, up to 64 KiB of them."""
        return self._stray

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

    def end(self, *, whole: bool) -> list[tuple[bytes, bytes]]:
        """Return the event that the end of the body completes, if HTTP says that the body is whole.

        Of a body that may have been cut off, a line without its end is kept only where it is no field.
        """
        rest = b"".join(self._partial)
        if not whole:
            if rest and not rest.startswith((b"data", b"event")):
                self._record_stray(rest)
            return []
        return self.feed(b"\n\n" if rest or self._data else b"")

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
        elif name not in MEANINGLESS:
            self._record_stray(line)

    def _record_stray(self, line: bytes) -> None:
        if len(self._stray) < MAX_STRAY_BYTES:
            self._stray += line[:MAX_STRAY_BYTES] + b"\n"
