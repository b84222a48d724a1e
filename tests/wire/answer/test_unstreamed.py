"""A body that its head does not call a stream of events: a stream is found out, and words are kept."""

import pytest

from firsttoken.wire.answer.unstreamed import MAX_BODY_BYTES, UnstreamedBody


@pytest.mark.parametrize(
    "pieces",
    [
        [b"data: x\n\n"],
        [b"da", b"ta: x\n\n"],
        [b"\n\r\n", b": ping\n\n"],
        [b"\xef\xbb\xbfevent: a\n"],
        [b"e", b"v", b"ent:"],
        [b"id: 7\n"],
        [b"retry: 10\n"],
    ],
)
def test_a_stream_is_known_by_its_beginning_however_that_was_cut(pieces):
    body = UnstreamedBody(is_doubted=True)

    found = [body.take(piece) for piece in pieces]

    assert found == [None] * (len(pieces) - 1) + [b"".join(pieces)]


@pytest.mark.parametrize(
    "pieces", [[b'{"error": 1}'], [b"<html>"], [b"hello"], [b"dat", b"um: x"], [b"data", b"\ndata: x"]]
)
def test_anything_else_is_words(pieces):
    body = UnstreamedBody(is_doubted=True)

    assert [body.take(piece) for piece in [*pieces, b"data: x\n\n"]] == [None] * (len(pieces) + 1)


def test_the_body_of_a_refusal_is_no_stream_however_it_begins():
    body = UnstreamedBody(is_doubted=False)
    body.take(b'data: {"error": {"message": "busy", "code": 503}}\n\n')

    refused, told = body.judge(503, "text/event-stream", is_readable=True)

    assert (refused and refused.outcome, told and told.words) == ("http_5xx", "busy (503)")


def test_blanks_without_end_are_kept_up_to_a_bound():
    body = UnstreamedBody(is_doubted=True)
    for _ in range(100):
        assert body.take(b" " * 1024) is None

    assert body.is_full
    assert MAX_BODY_BYTES <= 100 * 1024
