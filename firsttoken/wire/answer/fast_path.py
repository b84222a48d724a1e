"""The fast path through the middle of a stream, where one token's bytes are the last one's but for the words.

Rule: pure, and never a guess. A matcher counts a read only where decoding it in full could mean nothing but more
tokens of the same kind; an event that differs outside the words, even in one byte, is decoded.
"""

import re
from collections.abc import Callable

from firsttoken.wire.answer.sse import Splitter
from firsttoken.wire.dialects.dialect import NOTHING, Meaning
from firsttoken.wire.outcome import ProtocolError

MOST_DIGITS = 3
"""Of the size of a chunk that a matcher is for; one of more bytes holds more than a token."""
HEADS = (b"%x\r\n", b"%X\r\n")
"""How servers write the head of a chunk: its size, small or capital, and nothing more."""
WORDS = re.compile(rb'(?:[^"\\<\x00-\x1f]++|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F]|003[cC])[0-9a-fA-F]{4})++')
"""What a JSON string may hold (RFC 8259, section 7), except what must be decoded: half of a \\u pair is no character,
and with a "<" a tag may begin that separates thoughts from text (thoughts.py)."""
VALUE = re.compile(rb'": ?"(%b)"' % WORDS.pattern)
"""A string that is the value of a key, and not empty."""
match_words = WORDS.fullmatch
PROBE = b"Qz"
"""Stands for any words: no key, type or finish reason has these letters in it."""

Decode = Callable[[bytes, bytes], Meaning]


class FastPathMatcher:
    """What stands around the words of one kind of token, in chunks that hold one such event each."""

    __slots__ = ("_after", "_before", "_head", "_rest", "_starts")

    def __init__(self, head: bytes, before: bytes, after: bytes) -> None:
        self._head, self._before, self._after = head, before, after
        self._rest = len(after)
        self._starts: dict[int, bytes] = {}
        """All that stands before the words, by the size of the whole, which a chunk's head follows from."""

    def count(self, read: bytes) -> int:
        """How many such tokens a read is, which begins where a chunk and an event begin; 0 if it is anything else.

        Words hold no quotation mark, and what comes after them begins with one: cut there, each chunk is a piece.
        """
        size = len(read)
        start = self._starts.get(size)  # nearly every read is one token, and of a size that has come before
        if start is not None and read.startswith(start) and read.endswith(self._after):
            return 1 if match_words(read, len(start), size - self._rest) else 0
        *pieces, rest = read.split(self._after)
        if rest:
            return 0
        for piece in pieces:
            size = len(piece) + self._rest
            start = self._starts.get(size) or self._write_start(size)
            if start is None or not piece.startswith(start) or match_words(piece, len(start)) is None:
                return 0
            self._starts[size] = start
        return len(pieces)

    def _write_start(self, size: int) -> bytes | None:
        """None where no chunk, head and line end included, is of this size, or of a size that is looked for."""
        for digits in range(1, MOST_DIGITS + 1):
            head = self._head % max(size - digits - 4, 0)
            if len(head) == digits + 2:
                return head + self._before
        return None


def learn_matcher(read: bytes, decode: Decode, meaning: Meaning) -> FastPathMatcher | None:
    """Return the matcher of a token's read, None if there is no string in it that alone makes it a token.

    `read` begins and ends between two chunks and between two events. A string is the words if with nothing in its
    place the event means nothing, and with other letters it means the same again: of a delta, dialects look only at
    whether it is empty, and JSON does not let what one string holds change what another means. So the kind of a part
    is never part of the words: with other letters it is another kind, or an unknown one.
    """
    if len(read) > 0x10**MOST_DIGITS:
        return None
    start, end = read.find(b"\n") + 1, len(read) - 2
    for value in reversed([*VALUE.finditer(read, start, end)]):  # the words mostly come last
        before, after = read[start : value.start(1)], read[value.end(1) : end]
        if _decode_event(before + after, decode) is NOTHING and (
            _decode_event(before + PROBE + after, decode) is meaning
        ):
            matchers = (FastPathMatcher(head, before, after + b"\r\n") for head in HEADS)
            return next((matcher for matcher in matchers if matcher.count(read) == 1), None)
    return None


def _decode_event(body: bytes, decode: Decode) -> Meaning | None:
    """The meaning of the one event of a body, None if there is another number of them or it cannot be decoded."""
    events = Splitter().feed(body)
    if len(events) != 1:
        return None
    try:
        return decode(events[0][1], events[0][0])
    except ProtocolError:
        return None
