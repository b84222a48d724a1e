"""Server-sent events to the letter, wherever the bytes are cut."""

import pytest

from firsttoken.wire.answer.sse import MAX_EVENT_BYTES, MAX_STRAY_BYTES, Splitter
from firsttoken.wire.outcome import ProtocolError

STREAM = (
    b": a comment first\n\n"
    b"data: one\n\n"
    b"event: named\r\ndata:two\r\n\r\n"
    b"id: 7\rretry: 10\rdata: three\rdata:  four\r\r"
    b"data\ndata:\n\n"
    b"event: no data\n\n"
    b": ping\n\n"
    b'data: {"text": "a: b"}\n\n'
    b"unknown: field\ndata: last\n\n"
    b"data: cut off"
)
EVENTS = [
    (b"", b"one"),
    (b"named", b"two"),
    (b"", b"three\n four"),
    (b"", b"\n"),
    (b"", b'{"text": "a: b"}'),
    (b"", b"last"),
]


def split(*chunks: bytes) -> list[tuple[bytes, bytes]]:
    splitter = Splitter()
    return [event for chunk in chunks for event in splitter.feed(chunk)]


def test_a_stream_in_one_piece_gives_its_events():
    assert split(STREAM) == EVENTS


def test_a_cut_at_any_byte_changes_nothing():
    for at in range(len(STREAM) + 1):
        assert split(STREAM[:at], STREAM[at:]) == EVENTS, STREAM[:at]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_stream_in_small_pieces_changes_nothing(size):
    assert split(*(STREAM[i : i + size] for i in range(0, len(STREAM), size))) == EVENTS


def test_an_event_comes_with_its_last_byte_and_not_later():
    """A CR ends its line at once; the LF that may follow belongs to it."""
    splitter = Splitter()

    assert splitter.feed(b"data: x\r\n\r") == [(b"", b"x")]
    assert splitter.feed(b"\ndata: y\n") == []
    assert splitter.feed(b"\n") == [(b"", b"y")]


def test_a_name_without_data_does_not_stick_to_the_next_event():
    assert split(b"event: lost\n\ndata: x\n\n") == [(b"", b"x")]


def test_a_byte_order_mark_is_not_part_of_the_first_field():
    assert split(b"\xef\xbb\xbfdata: x\n\n") == [(b"", b"x")]


def test_a_byte_order_mark_that_is_not_the_first_of_the_stream_belongs_to_a_name_that_means_nothing():
    assert split(b"data: x\n\xef\xbb\xbfdata: y\n\n") == [(b"", b"x")]


def test_empty_pieces_are_harmless():
    assert split(b"data: x\r", b"", b"\n\r\n") == [(b"", b"x")]


def test_a_megabyte_in_one_event_passes():
    data = b"x" * 1_000_000
    pieces = b"data: " + data + b"\n\n"

    assert split(*(pieces[i : i + 1000] for i in range(0, len(pieces), 1000))) == [(b"", data)]


@pytest.mark.parametrize("piece", [b"data: " + b"x" * 65_530, b"data: " + b"x" * 65_530 + b"\n"])
def test_an_event_without_end_is_refused_before_it_eats_the_memory(piece):
    splitter = Splitter()

    with pytest.raises(ProtocolError, match="expected events of at most"):
        for _ in range(MAX_EVENT_BYTES // len(piece) + 2):
            splitter.feed(piece)


@pytest.mark.parametrize("missing", [b"data: a", b"data: a\n", b"data: a\r\n"])
def test_the_end_of_a_whole_body_ends_its_last_event(missing):
    splitter = Splitter()
    assert splitter.feed(missing) == []

    assert splitter.end(whole=True) == [(b"", b"a")]


def test_the_end_of_a_body_that_may_be_cut_off_ends_nothing():
    splitter = Splitter()
    splitter.feed(b"data: a\ndata: b")

    assert splitter.end(whole=False) == []
    assert splitter.stray == b""


def test_what_is_no_field_is_kept_for_the_words_of_an_error():
    splitter = Splitter()
    splitter.feed(b': ping\nid: 1\nretry: 5\n{"error": "busy"}\nerror: x\ndata: a\n\nOh')
    splitter.end(whole=False)

    assert splitter.stray == b'{"error": "busy"}\nerror: x\nOh\n'


def test_what_is_no_field_is_kept_up_to_a_bound():
    splitter = Splitter()
    for _ in range(300):
        splitter.feed(b"x" * 1000 + b"\n")

    assert len(splitter.stray) < 2 * MAX_STRAY_BYTES
