"""The server's own words, whatever shape they come in."""

import pytest

from firsttoken.wire.fields.error_text import find_server_error, read_error, read_server_error


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
        (b'{"detail": [{"loc": ["body"], "msg": "field required"}]}', "body: field required"),
        (
            b'{"detail": [{"loc": ["body", "n"], "msg": "too large"}, {"loc": ["body", "m"], "msg": "missing"}]}',
            "body.n: too large; body.m: missing",
        ),
        (b'[{"error": {"code": 429, "message": "try later", "status": "RESOURCE_EXHAUSTED"}}]', "try later (429)"),
        (b'{"errors": [{"message": "engine died", "code": 7000}]}', "engine died (7000)"),
        (b'{"error": {"message": {"text": "too long"}, "code": 400}}', "too long (400)"),
        (b'{"title": "Unprocessable", "detail": "too large", "status": 422}', "too large"),
        (b'{"msg": "no"}', "no"),
        (b'{"error": {"message": "no", "param": "stream_options", "code": null}}', "stream_options: no"),
        (b'{"error": {"message": "n is too large", "param": "n", "code": 400}}', "n is too large (400)"),
        (b'data: {"error": {"message": "busy", "code": 503}}\n\n', "busy (503)"),
        (b'error: {"message": "busy", "code": 503}\n\n', "busy (503)"),
        (b"<html><head><title>502 Bad Gateway</title></head><body><center>x</center>", "502 Bad Gateway"),
        (b"<!doctype html><script>alert(1)</script><p>Access &amp; more denied</p>", "Access & more denied"),
        (b'{"reason": 3}', '{"reason": 3}'),
        (
            b'{"message": {"detail": [{"loc": ["body", "stream_options"], "msg": "not permitted"}]}, "type": "odd"}',
            "body.stream_options: not permitted (odd)",
        ),
        (
            b'{"message": ["n is too large", "x is odd"], "error": "Bad Request"}',
            "n is too large; x is odd (Bad Request)",
        ),
        (b'{"message": ' * 900 + b'"deep"' + b"}" * 900, ('{"message": ' * 25).strip()),
        (b"[" * 900 + b'{"message": "deep"}' + b"]" * 900, "[" * 300),
        (b'"just words"', "just words"),
        (b"<html>\n  <h1>Bad\tGateway</h1>", "Bad Gateway"),
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
        (b'[{"error": "busy"}]', "busy"),
        (b'{"detail": "busy"}', "busy"),
        (b'{"message": "busy", "code": 500}', "busy (500)"),
        (b'{"message": "still queued"}', None),
        (b'{"type": "ping"}', None),
        (b"[1]", None),
        (b"hello", None),
        (b'"\xff"', None),
    ],
)
def test_an_error_is_told_from_an_answer(body, error):
    told = find_server_error(body)
    assert (None if told is None else told.words) == error


@pytest.mark.parametrize(
    "error",
    [
        b'{"error": {"message": "x", "code": 429}}',
        b'{"error": {"message": "x", "code": "429"}}',
        b'{"error": {"message": "x", "code": "rate_limit_exceeded"}}',
        b'{"error": {"message": "x", "type": "RateLimitError"}}',
        b'{"error": {"message": "x", "status": "RESOURCE_EXHAUSTED", "code": 8}}',
        b'{"type": "error", "error": {"type": "rate_limit_error", "message": "x"}}',
        b'{"__type": "t", "code": "ThrottlingException", "message": "x"}',
        b'[{"error": {"message": "x", "status": "TOO_MANY_REQUESTS"}}]',
        b'{"error": "Too Many Requests", "status": 429}',
    ],
)
def test_a_rate_limit_is_known_by_its_code_wherever_it_stands(error):
    assert read_server_error(error).limits_rate


@pytest.mark.parametrize(
    "error",
    [
        b'{"error": {"message": "rate_limit is no field of this request", "code": "invalid_request_error"}}',
        b'{"error": {"message": "x", "code": 503, "type": "overloaded_error"}}',
        b'{"error": {"message": "x", "code": 400}}',
        b"rate limit",
    ],
)
def test_what_has_no_such_code_is_no_rate_limit(error):
    assert not read_server_error(error).limits_rate


@pytest.mark.parametrize(
    ("body", "wait_ms"),
    [
        (b'{"error": {"message": "x", "details": [{"@type": "RetryInfo", "retryDelay": "34s"}]}}', 34_000),
        (b'{"error": {"message": "x", "details": [{"retryDelay": "1.5s"}]}}', 1_500),
        (b'{"error": {"message": "x"}, "retry_after": 2}', 2_000),
        (b'{"error": {"message": "x", "retry_after_ms": 250}}', 250),
        (b'{"message": "x", "retryAfter": "7"}', 7_000),
        (b'{"error": {"message": "Rate limit reached. Please try again in 1m2.5s. Visit us."}}', 62_500),
        (b'{"error": {"message": "Please retry after 20 seconds."}}', 20_000),
        (b'{"error": {"message": "Try again in 338ms."}}', 338),
        (b'{"error": {"message": "Try again in 2 minutes"}}', 120_000),
        (b"Too many requests, try again in 5s", 5_000),
        (b'{"error": {"message": "x", "retry_after": -1}}', None),
        (b'{"error": {"message": "x", "retry_after": true}}', None),
        (b'{"error": {"message": "Please try again later"}}', None),
        (b'{"error": {"message": "try again with 5 images"}}', None),
    ],
)
def test_a_wait_is_read_from_the_body(body, wait_ms):
    assert read_server_error(body).retry_after_ms == wait_ms


@pytest.mark.parametrize("holder", [b"[", b'{"err": ', b'{"error": ', b'{"message": ', b'{"fooException": '])
def test_errors_within_errors_are_looked_into_so_far_and_no_further(holder):
    end = b"]" if holder == b"[" else b"}"

    for depth in (1, 19, 20, 21, 300, 900):
        body = holder * depth + b'{"message": "no", "code": 500}' + end * depth
        find_server_error(body)  # raises nothing
        assert isinstance(read_error(body), str)
