"""Whatever bytes are, decoding them gives a value or raises what its callers catch."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.decoding.unreadable import UNREADABLE


class Form(msgspec.Struct):
    name: str = ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'{"name": 1}',
        b'{"name": "\xff"}',
        b'{"other": ' + b"[" * 100_000,
        b"\xff",
        b"1e999",
    ],
)
def test_what_is_no_such_json_raises_what_is_caught(data):
    with pytest.raises(UNREADABLE):
        msgspec.json.decode(data, type=Form)


@given(st.binary())
def test_no_bytes_raise_anything_else(data):
    for decode in (msgspec.json.decode, msgspec.msgpack.decode):
        try:
            assert isinstance(decode(data, type=Form), Form)
        except UNREADABLE:
            continue
