"""Exactly one outcome for every attempt, in one order of precedence."""

import errno
import ssl

import pytest
from httptools import HttpParserError

from firsttoken.wire.fields.error_text import ServerError
from firsttoken.wire.outcome import (
    COMPLETE,
    FINISH_OUTCOMES,
    LOST,
    STOPPED,
    DialError,
    End,
    ProtocolError,
    end_of,
    judge,
    normalise_finish,
    refuse_status,
)

IDLE = End("idle_timeout", "no event for 2 s")
BUSY = ServerError("busy")
LIMITED = ServerError("slow down", frozenset({"ratelimitexceeded"}))
FAULT = End("client_error", "ZeroDivisionError: division by zero")
REFUSED = End("http_5xx", "Oh no")


@pytest.mark.parametrize(
    ("end", "said", "outcome", "error"),
    [
        (COMPLETE, {"finish": "stop"}, "ok", None),
        (COMPLETE, {"finish": "tool_calls"}, "ok", None),
        (COMPLETE, {"finish": "function_call"}, "ok", None),
        (COMPLETE, {"finish": "completed"}, "ok", None),
        (COMPLETE, {"finish": "length"}, "length", None),
        (COMPLETE, {"finish": "max_output_tokens"}, "length", None),
        (COMPLETE, {"finish": "content_filter"}, "content_filter", None),
        (COMPLETE, {"finish": "abort"}, "error_in_stream", "finish reason 'abort'"),
        (COMPLETE, {"finish": "because"}, "ok", "unknown finish reason 'because', taken as ok"),
        (COMPLETE, {}, "truncated", "the answer ended without a finish marker"),
        (LOST, {}, "truncated", "the server closed the connection before the end of the answer"),
        (LOST, {"finish": "stop"}, "ok", f"after the finish marker: {LOST.error}"),
        (IDLE, {"finish": "stop"}, "ok", "after the finish marker: no event for 2 s"),
        (IDLE, {}, "idle_timeout", "no event for 2 s"),
        (STOPPED, {}, "stopped_by_user", "its own user stopped it"),
        (COMPLETE, {"stream_error": BUSY}, "error_in_stream", "busy"),
        (COMPLETE, {"stream_error": BUSY, "finish": "stop"}, "error_in_stream", "busy"),
        (COMPLETE, {"stream_error": LIMITED}, "rate_limited", "slow down"),
        (COMPLETE, {"finish": "FinishReason.MAX_TOKENS"}, "length", None),
        (COMPLETE, {"finish": "stopSequence"}, "ok", None),
        (COMPLETE, {"finish": "Content-Filter"}, "content_filter", None),
        (COMPLETE, {"finish": "RATE_LIMIT"}, "rate_limited", "finish reason 'RATE_LIMIT'"),
        (COMPLETE, {"done": True}, "ok", None),
        (LOST, {"done": True}, "ok", f"after the finish marker: {LOST.error}"),
        (COMPLETE, {"done": True, "stray": b'{"error": "busy"}'}, "error_in_stream", "busy"),
        (COMPLETE, {"finish": "stop", "stray": b'{"error": "busy"}'}, "ok", None),
        (LOST, {"stray": b'{"error": {"message": "busy", "code": 429}}'}, "rate_limited", "busy (429)"),
        (COMPLETE, {"stray": b"Oh no"}, "truncated", f"{COMPLETE.error}; outside its events the server said: Oh no"),
        (COMPLETE, {"refused": REFUSED}, "http_5xx", "Oh no"),
        (LOST, {"refused": REFUSED}, "http_5xx", "Oh no"),
        (IDLE, {"refused": REFUSED}, "http_5xx", "Oh no"),
        (FAULT, {"finish": "stop"}, "client_error", FAULT.error),
        (FAULT, {"refused": REFUSED}, "client_error", FAULT.error),
        (LOST, {"answered": False}, "connect", f"{LOST.error}; no byte of it arrived"),
        (IDLE, {"answered": False}, "idle_timeout", "no event for 2 s"),
    ],
)
def test_what_was_said_is_held_against_how_it_ended(end, said, outcome, error):
    heard = {"answered": True, "stream_error": None, "finish": None, "refused": None} | said

    assert judge(end, **heard) == (outcome, error)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(400, "http_4xx"), (401, "http_4xx"), (429, "rate_limited"), (500, "http_5xx"), (529, "http_5xx")],
)
def test_a_status_refuses(status, outcome):
    assert refuse_status(status, ServerError("Oh no")) == End(outcome, "Oh no")
    assert refuse_status(status, ServerError("")).error == f"HTTP {status} without a message"


@pytest.mark.parametrize("status", [400, 403, 503])
def test_a_rate_limit_may_be_told_under_another_status(status):
    assert refuse_status(status, LIMITED).outcome == "rate_limited"


def test_the_words_alone_tell_a_rate_limit_only_under_the_statuses_that_are_used_for_it():
    assert refuse_status(403, ServerError("Rate limit exceeded")).outcome == "rate_limited"
    assert refuse_status(503, ServerError("Too many requests, slow down")).outcome == "rate_limited"
    assert refuse_status(400, ServerError("rate limit must be a number")).outcome == "http_4xx"


def test_every_finish_reason_of_the_table_is_written_as_it_is_looked_up():
    assert [word for word in FINISH_OUTCOMES if normalise_finish(word) != word] == []


def unverified() -> ssl.SSLCertVerificationError:
    problem = ssl.SSLCertVerificationError(1, "x")
    problem.verify_message = "self-signed certificate"
    return problem


@pytest.mark.parametrize(
    ("problem", "outcome", "words"),
    [
        (ProtocolError("expected SSE, got soup"), "protocol", "expected SSE, got soup"),
        (HttpParserError("Invalid HTTP version"), "protocol", "Invalid HTTP version"),
        (DialError("no connection to h:1"), "connect", "no connection to h:1"),
        (unverified(), "tls", "certificate verify failed: self-signed certificate"),
        (ssl.SSLError(1, "broken"), "tls", "broken"),
        (OSError(errno.EMFILE, "Too many open files"), "client_error", "this machine refused: Too many open files"),
        (OSError(errno.EADDRNOTAVAIL, "No ports"), "client_error", "this machine refused: No ports"),
        (ConnectionResetError(errno.ECONNRESET, "Reset"), "truncated", "the connection was lost: Reset"),
        (KeyError("x"), "client_error", "KeyError: 'x'"),
        (AssertionError(), "client_error", "AssertionError: AssertionError"),
    ],
)
def test_an_exception_on_the_way_is_an_end_and_not_a_crash(problem, outcome, words):
    end = end_of(problem)

    assert end.outcome == outcome
    assert words in end.error
    assert end.lost is isinstance(problem, ConnectionResetError)
