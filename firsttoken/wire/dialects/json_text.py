"""JSON as servers really send it: with characters that were cut in two, numbers that JSON lacks, odd shapes.

Rule: pure. A character may be broken, in UTF-8 or in an escape, where a token ended inside it, and Python's own encoder
writes NaN and Infinity; what cannot be read even so is a ProtocolError. Where a known field has another shape than it
should, the object is put right and the rest of it counts.
"""

import json
import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from firsttoken.decoding.unreadable import UNREADABLE
from firsttoken.wire.outcome import ProtocolError

T = TypeVar("T")

HIGH, LOW = rb"\\u[dD][89abAB][0-9a-fA-F]{2}", rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
"""The two escapes that JSON needs for one character beyond the first 65,536 (RFC 8259, section 7)."""
ESCAPE = re.compile(rb"%b%b|(?P<half>%b|%b)|\\." % (HIGH, LOW, HIGH, LOW), re.DOTALL)


def decode_event(
    decoder: msgspec.json.Decoder[T], data: bytes, name: str, put_right: Callable[[object], dict[str, object]]
) -> T:
    """The decoded data of one event of the API of that name; `put_right` makes an object fit the decoder's type.

    Raises ProtocolError for what is no JSON.
    """
    try:
        return decoder.decode(data)
    except UNREADABLE:
        right: T = msgspec.convert(put_right(decode_object(data, name)), decoder.type)
        return right


def decode_object(data: bytes, name: str) -> object:
    """The JSON value of the data of one event, read patiently. Raises ProtocolError for what is no JSON."""
    try:
        return msgspec.json.decode(data)
    except UNREADABLE as problem:
        text = ESCAPE.sub(_mend_escape, data.decode("utf-8", "replace").encode())
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            start = data[:60].decode("utf-8", "replace")
            raise ProtocolError(f"expected an event of the {name} API, got {start!r}: {problem}") from None


def _mend_escape(escape: re.Match[bytes]) -> bytes:
    """The escape as it is, of half a character the sign that stands for what cannot be read."""
    return b"\\ufffd" if escape["half"] else escape[0]
