"""The server's own words, whatever shape they come in."""

import pytest

from firsttoken.wire.error_text import find_error, read_error


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            b'{"error": {"message": "Incorrect API key", "type": "auth", "code": "invalid"}}',
            "Incorrect API key (invalid)",
        ),
        (b'{"error": {"message": "Slow down", "type": "tokens", "code": null}}', "Slow down (tokens)"),
        (b'{"error": "model not loaded"}', "model not loaded"),
        (b'{"type": "error", "code": "server_error", "message": "Oh no", "param": null}', "Oh no (server_error)"),
        (b'{"object": "error", "message": "too long", "type": "BadRequestError", "code": 400}', "too long (400)"),
        (b'{"detail": "Not Found"}', "Not Found"),
        (
            b'{"detail": [{"loc": ["body"], "msg": "field required"}]}',
            '{"detail": [{"loc": ["body"], "msg": "field required"}]}',
        ),
        (b'{"reason": 3}', '{"reason": 3}'),
        (b'"just words"', "just words"),
        (b"<html>\n  <h1>Bad\tGateway</h1>", "<html> <h1>Bad Gateway</h1>"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"", ""),
        (b'{"error": {"message": {"deep": 1}}}', '{"error": {"message": {"deep": 1}}}'),
        (b'{"error":' * 900 + b'"deep"' + b"}" * 900, "deep"),
        (b"[" * 99_999, "[" * 300),
    ],
)
def test_words_are_found(body, words):
    assert read_error(body) == words


def test_a_body_that_is_no_json_is_cut():
    assert len(read_error(b"x" * 10_000)) == 300


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error": {"message": "busy"}}', "busy"),
        (b'{"object": "error", "message": "busy"}', "busy"),
        (b'{"error": null, "choices": []}', None),
        (b'{"choices": [{"message": {"content": "hello"}}]}', None),
        (b"[1]", None),
        (b"hello", None),
        (b'"\xff"', None),
    ],
)
def test_an_error_is_told_from_an_answer(body, error):
    assert find_error(body) == error
