"""What an exception of the openai package makes of an attempt, and what an answer makes of it that is no stream.

Rule: pure; the innermost exception counts, in the wire's words for the same thing, so that both clients report the
same of the same server.
"""

import json
import re
import socket
import ssl
from collections.abc import Iterator
from typing import NamedTuple

import httpx2
from pydantic_core import PydanticSerializationError

from firsttoken.wire.fields.error_text import ServerError, find_server_error, read_error, read_server_error
from firsttoken.wire.outcome import LOST, OUR_ERRNOS, DialError, End, ProtocolError, end_of, refuse_status
from firsttoken.wire.tls import word_plain_answer

ERRNO = re.compile(r"^\[Errno -?\d+\] ")
"""What Python puts before the words of the operating system; it is not shown."""

PLAIN_ANSWERS = {"WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"}
"""OpenSSL's codes for bytes that are no TLS at all."""


def end_of_package(problem: Exception, place: str, *, late_handshake: str | None = None, hung_up: bool = False) -> End:
    """What an exception makes of an attempt; `place` is the server's host and port.

    `late_handshake`: what a connection is reported as that ran out of time, where its TLS handshake had begun.
    `hung_up`: whether the server had closed the connection by then.
    """
    causes = list(_dig(problem))
    if late_handshake is not None and any(isinstance(cause, httpx2.ConnectTimeout) for cause in causes):
        return end_of(DialError(late_handshake))
    for cause in reversed(causes):
        end = _read(cause, place, hung_up=hung_up)
        if end is not None:
            return end
    return end_of(problem)


def _dig(problem: BaseException | None) -> Iterator[Exception]:
    """An exception, what caused it, what caused that."""
    while isinstance(problem, Exception):
        yield problem
        problem = problem.__cause__ or problem.__context__


def _read(cause: Exception, place: str, *, hung_up: bool) -> End | None:
    """The error text of one exception of the chain, None where another one says more."""
    words = ERRNO.sub("", f"{cause}")
    match cause:
        case ssl.SSLError() if getattr(cause, "reason", None) in PLAIN_ANSWERS:
            return end_of(ssl.SSLError(0, word_plain_answer(place)))
        case ssl.SSLError():
            return end_of(cause)
        case socket.gaierror():
            return end_of(DialError(f"the name in {place} was not resolved: {words}"))
        case OSError() if cause.errno in OUR_ERRNOS:
            return end_of(cause)
        case httpx2.ProxyError():
            return end_of(DialError(f"expected the proxy to connect to {place}, got {words}"))
        case httpx2.ConnectTimeout() | httpx2.ConnectError():
            return end_of(DialError(f"no connection to {place}: {words}"))
        case httpx2.TimeoutException():
            return End("deadline", f"the server sent nothing for too long: {words}")
        case httpx2.NetworkError():
            return End("truncated", f"the connection was lost: {words}", lost=True)
        case httpx2.RemoteProtocolError():
            return LOST if hung_up else end_of(ProtocolError(f"expected HTTP/1.1, got {words}"))
        case httpx2.DecodingError() | json.JSONDecodeError() | UnicodeError() | PydanticSerializationError():
            return end_of(ProtocolError(f"expected events with JSON, got something else: {words}"))
        case _:
            return None


class Verdict(NamedTuple):
    """What an answer without a stream says: a refusal, or the server's words of an error."""

    refused: End | None
    stream_error: ServerError | None = None


def judge_no_stream(status: int, kind: str, location: str, body: bytes) -> Verdict:
    """The meaning of such an answer: its status, its media type, where a redirect points, and its body."""
    if status >= 400:
        return Verdict(refuse_status(status, read_server_error(body)))
    if status >= 300:
        return Verdict(End("protocol", f"expected an answer, got a redirect ({status}) to {location or 'nowhere'}"))
    error = find_server_error(body)
    if error is not None:
        return Verdict(None, error)
    return Verdict(End("protocol", f"expected text/event-stream, got {kind or 'no content type'}: {read_error(body)}"))
