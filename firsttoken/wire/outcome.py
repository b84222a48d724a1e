"""Exactly one outcome for every attempt: what the answer said, held against how the wire let go of it.

Rule: pure, one order of precedence, and tables for the words of servers and of the operating system.
"""

from __future__ import annotations

import errno
import ssl
from typing import NamedTuple

from httptools import HttpParserError

from firsttoken.row import Outcome


class ProtocolError(ValueError):
    """The server sent what HTTP, server-sent events or the dialect do not allow; the text is the whole sentence."""


class DialError(Exception):
    """No connection came about; the text is the whole sentence."""


class End(NamedTuple):
    """How the wire let go of an attempt, and what that makes of it where the answer itself says nothing better."""

    outcome: Outcome
    error: str
    lost: bool = False
    """The connection died."""


COMPLETE = End("truncated", "the answer ended without a finish marker")
"""The answer came to its end; without a finish marker it was cut short by the server."""
LOST = End("truncated", "the server closed the connection before the end of the answer", lost=True)
LEFT_OPEN = End("truncated", "the server left the connection open after [DONE]")
STOPPED = End("cancelled_by_user", "the user was stopped")

FINISH_OUTCOMES: dict[str, Outcome] = {
    "stop": "ok",
    "tool_calls": "ok",
    "function_call": "ok",
    "completed": "ok",
    "length": "length",
    "max_output_tokens": "length",
    "incomplete": "truncated",
    "content_filter": "content_filter",
    "error": "error_in_stream",
    "abort": "error_in_stream",
    "insufficient_system_resource": "error_in_stream",
}
"""What a finish marker means; a word that is not here is taken for ok, and the row says so."""

OUR_ERRNOS = {errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM, errno.EACCES, errno.EPERM}
"""What the operating system refuses to us: never the server's fault."""


def end_of(problem: Exception) -> End:
    """What an exception on the way makes of the attempt."""
    text = f"{problem}" or type(problem).__name__
    match problem:
        case ProtocolError():
            return End("protocol", text)
        case HttpParserError():
            return End("protocol", f"expected HTTP/1.1, got something else: {text}")
        case ssl.SSLCertVerificationError():
            return End("tls", f"certificate verify failed: {problem.verify_message}")
        case ssl.SSLError():
            return End("tls", f"TLS failed: {problem.strerror}")
        case DialError():
            return End("connect", text)
        case OSError() if problem.errno in OUR_ERRNOS:
            return End("client_error", f"this machine refused: {problem.strerror}")
        case OSError():
            return End("truncated", f"the connection was lost: {problem.strerror or text}", lost=True)
        case _:
            return End("client_error", f"{type(problem).__name__}: {text}")


def refuse_status(status: int, words: str) -> End:
    """What an HTTP status from 400 on makes of the attempt."""
    outcome: Outcome = "rate_limited" if status == 429 else "http_4xx" if status < 500 else "http_5xx"
    return End(outcome, words or f"HTTP {status} without a word")


def judge(
    end: End, *, answered: bool, stream_error: str | None, finish: str | None, refused: End | None
) -> tuple[Outcome, str | None]:
    """Return the outcome and the error text, None where there is nothing to say.

    Our own fault goes before everything, for it puts the rest in doubt; then the server's words in the stream; then
    its finish marker, after which a lost connection is only noted; then its refusal; then how the wire ended, where
    a server that hung up without an answering byte was never really connected to.
    """
    if end.outcome == "client_error":
        return end.outcome, end.error
    if stream_error is not None:
        return "error_in_stream", stream_error
    if finish is not None:
        note = None if end is COMPLETE else f"after the finish marker: {end.error}"
        if finish not in FINISH_OUTCOMES:
            note = f"unknown finish reason {finish[:40]!r}, taken for ok"
        return FINISH_OUTCOMES.get(finish, "ok"), note
    if refused is not None:
        return refused.outcome, refused.error
    if end.lost and not answered:
        return "connect", f"{end.error}; not one byte of it came"
    return end.outcome, end.error
