"""JSON as servers really send it: a character may be broken, in UTF-8 or in an escape, where a token ended inside it.

Rule: pure; what cannot be read even so is a ProtocolError.
"""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from firsttoken.wire.outcome import ProtocolError

T = TypeVar("T")

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder of JSON raises for what is none; which of them broken UTF-8 is depends on its version."""

HIGH, LOW = rb"\\u[dD][89abAB][0-9a-fA-F]{2}", rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
"""The two escapes that JSON needs for one character beyond the first 65,536 (RFC 8259, section 7)."""
ESCAPE = re.compile(rb"%b%b|(?P<half>%b|%b)|\\." % (HIGH, LOW, HIGH, LOW), re.DOTALL)


def decode_event(decoder: msgspec.json.Decoder[T], data: bytes, name: str) -> T:
    """The decoded data of one event of the API of that name. Raises ProtocolError for what is not of the API."""
    try:
        return decoder.decode(data)
    except UNREADABLE as problem:
        if (mended := mend_text(data)) != data:
            return decode_event(decoder, mended, name)
        start = data[:60].decode("utf-8", "replace")
        raise ProtocolError(f"expected an event of the {name} API, got {start!r}: {problem}") from None


def mend_text(data: bytes) -> bytes:
    """The same JSON, with a sign in the place of every character of which only a part was sent."""
    return ESCAPE.sub(_mend_escape, data.decode("utf-8", "replace").encode())


def _mend_escape(escape: re.Match[bytes]) -> bytes:
    """The escape as it is, of half a character the sign that stands for what cannot be read."""
    return b"\\ufffd" if escape["half"] else escape[0]
