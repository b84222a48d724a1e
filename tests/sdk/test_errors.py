"""What lies at the bottom of the package's exceptions, in the wire's words."""

import errno
import itertools
import json
import os
import socket
import ssl

import httpx2
import pytest
from openai import APIConnectionError, APITimeoutError

from firsttoken.sdk.errors import end_of_package, judge_no_stream
from firsttoken.wire.fields.error_text import ServerError
from firsttoken.wire.outcome import LOST

REQUEST = httpx2.Request("POST", "http://h/v1")


def wrapped(*causes: Exception, outermost: Exception | None = None) -> Exception:
    """The package's exception for a chain of causes, the innermost first."""
    chain = [*causes, outermost or APIConnectionError(request=REQUEST)]
    for inner, outer in itertools.pairwise(chain):
        outer.__cause__ = inner
    return chain[-1]


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("causes", "outcome", "words"),
    [
        (
            [os_error(errno.ECONNREFUSED), httpx2.ConnectError("[Errno 111] Connection refused")],
            "connect",
            "no connection to h: Connection refused",
        ),
        (
            [socket.gaierror(-2, "Name or service not known"), httpx2.ConnectError("x")],
            "connect",
            "the name in h was not resolved: Name or service not known",
        ),
        (
            [os_error(errno.EMFILE), httpx2.ConnectError("x")],
            "client_error",
            "this machine refused: Too many open files",
        ),
        (
            [os_error(errno.EADDRNOTAVAIL), httpx2.ConnectError("x")],
            "client_error",
            "this machine refused: Cannot assign requested address",
        ),
        (
            [ssl.SSLError(1, "wrong version number"), httpx2.ConnectError("x")],
            "tls",
            "TLS failed: wrong version number",
        ),
        ([httpx2.ProxyError("407 Who?")], "connect", "expected the proxy to connect to h, got 407 Who?"),
        ([httpx2.ReadError("[Errno 104] Connection reset")], "truncated", "the connection was lost: Connection reset"),
        ([httpx2.RemoteProtocolError("illegal status line")], "protocol", "expected HTTP/1.1, got illegal status line"),
    ],
)
def test_what_is_at_the_bottom_counts(causes, outcome, words):
    end = end_of_package(wrapped(*causes), "h")

    assert (end.outcome, end.error) == (outcome, words)


@pytest.mark.parametrize("words", ["Server disconnected", "peer closed connection", "whatever another version says"])
def test_that_the_server_hung_up_is_what_a_read_met_and_not_what_the_exception_says(words):
    broken = wrapped(httpx2.RemoteProtocolError(words))

    assert end_of_package(broken, "h", hung_up=True) is LOST
    assert end_of_package(broken, "h").outcome == "protocol"


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [(httpx2.ConnectTimeout("timed out"), "connect"), (httpx2.ReadTimeout("timed out"), "deadline")],
)
def test_a_time_out_of_the_connection_is_told_from_one_of_the_answer(cause, outcome):
    assert end_of_package(wrapped(cause, outermost=APITimeoutError(request=REQUEST)), "h").outcome == outcome


@pytest.mark.parametrize("text", ["{oops", "", "nul"])
def test_what_is_no_json_is_a_breach_of_the_protocol(text):
    with pytest.raises(json.JSONDecodeError) as raised:
        json.loads(text)

    assert end_of_package(raised.value, "h").outcome == "protocol"


def test_what_nobody_foresaw_is_a_fault_of_ours():
    assert end_of_package(TypeError("oops"), "h") == ("client_error", "TypeError: oops", False)


def test_an_answer_without_a_stream_is_refused_in_its_own_words():
    assert judge_no_stream(429, "", "", b'{"error": "Slow down"}').refused[:2] == ("rate_limited", "Slow down")
    assert judge_no_stream(308, "", "/v2", b"").refused[:2] == (
        "protocol",
        "expected an answer, got a redirect (308) to /v2",
    )
    assert judge_no_stream(200, "text/html", "", b"Hi").refused.error == "expected text/event-stream, got text/html: Hi"
    assert judge_no_stream(200, "application/json", "", b'{"error": "No model"}') == (None, ServerError("No model"))
