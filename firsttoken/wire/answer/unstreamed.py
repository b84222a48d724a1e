"""The body of an answer that its head does not call a stream of events: the server's words, or a stream all the same.

Rule: pure. A wrong or missing label is found out by how the body begins, with the first bytes that show it, so that no
stamp waits for it; what is no stream is kept as far as words are looked for in it.
"""

from firsttoken.wire.answer.sse import BYTE_ORDER_MARK
from firsttoken.wire.fields.error_text import ServerError, find_server_error, read_error, read_server_error
from firsttoken.wire.outcome import End, refuse_status

MAX_BODY_BYTES = 64 * 1024
"""Enough for the server's words."""
BEGINNINGS = (b":", b"data:", b"event:", b"id:", b"retry:")
"""How a stream of events begins, under any label."""


class UnstreamedBody:
    """As much of one body as came so far; `is_doubted`: it may be a stream under a wrong label."""

    __slots__ = ("_is_doubted", "_words")

    def __init__(self, *, is_doubted: bool) -> None:
        self._is_doubted = is_doubted
        self._words = bytearray()

    @property
    def is_full(self) -> bool:
        """Whether no more of it is looked at."""
        return len(self._words) >= MAX_BODY_BYTES

    def take(self, piece: bytes) -> bytes | None:
        """Take a piece; return the whole of what came once it is known to be a stream of events, else None."""
        if not self.is_full:
            self._words += piece
        if not self._is_doubted:
            return None
        beginning = self._words.removeprefix(BYTE_ORDER_MARK).lstrip()
        if beginning.startswith(BEGINNINGS):
            return bytes(self._words)
        self._is_doubted = not self.is_full and any(field.startswith(beginning) for field in BEGINNINGS)
        return None

    def judge(self, status: int, kind: str, *, is_readable: bool) -> tuple[End | None, ServerError | None]:
        """A refusal, or an error found in the text; `kind` is the media type, `is_readable`: not compressed."""
        words = bytes(self._words)
        if status >= 400:
            refused = read_server_error(words) if is_readable else ServerError("")
            return refuse_status(status, refused), refused
        error = find_server_error(words)
        if error is not None:
            return None, error
        return End("protocol", f"expected text/event-stream, got {kind}: {read_error(words)}"), None
