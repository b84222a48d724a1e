"""Exactly one outcome for every attempt: what the answer said, together with how the connection ended.

Rule: pure, one order of precedence, and tables for the words of servers and of the operating system.
"""

import errno
import re
import ssl
from functools import lru_cache
from typing import NamedTuple

from httptools import HttpParserError

from firsttoken.row import NO_FINISH, UNKNOWN_FINISH, Outcome, read_status
from firsttoken.wire.fields.error_text import RATE_LIMIT_WORDS, ServerError, find_server_error, read_error


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
STOPPED = End("stopped_by_user", "its own user stopped it")
CUT_OFF: dict[Outcome, str] = {
    "cancelled_by_run": "ended by the run",
    "cancelled_by_user": "the run was stopped",
    STOPPED.outcome: STOPPED.error,
}
"""Who ended an attempt before the server did -> what is said of it."""

FINISHES: dict[Outcome, str] = {
    "ok": "stop stopped tool_calls tool_call tool_use function_call completed complete end_turn pause_turn eos "
    "eos_token eos_found stop_sequence stop_token stop_str end_of_text end_of_turn end done finished finish success "
    "normal",
    "length": "length max_tokens max_output_tokens max_completion_tokens max_new_tokens max_length model_length "
    "output_limit error_limit token_limit context_length context_length_exceeded context_window_exceeded "
    "model_context_window_exceeded",
    "truncated": "incomplete truncated",
    "content_filter": "content_filter content_filtered safety prohibited_content blocklist spii recitation refusal "
    "refused sensitive image_safety language moderation blocked guardrail guardrails guardrail_intervened",
    "rate_limited": "rate_limit rate_limited rate_limit_exceeded",
    "error_in_stream": "error errored abort aborted cancel cancelled canceled failed failure fail network_error "
    "server_error internal_error internal_server_error upstream_error model_error engine_error unexpected_error "
    "malformed_function_call malformed_tool_call malformed_response unexpected_tool_call insufficient_system_resource "
    "timeout timed_out overloaded interrupted",
}
"""What finish reasons mean, in small letters, their words joined by underlines."""
FINISH_WORDS: tuple[tuple[Outcome, str], ...] = (
    (
        "content_filter",
        "filter filtered safety toxic prohibited blocked policy guardrail guardrails compliance violation censored "
        "unsafe",
    ),
    ("rate_limited", "throttled quota"),
    (
        "error_in_stream",
        "error errors err failed failure fail fault exception abort aborted cancel cancelled canceled timeout "
        "malformed invalid overloaded unavailable disconnected crash crashed oom preempted killed evicted lost missing",
    ),
    ("ok", "stop stopped"),
    ("length", "length max token tokens context truncated truncation"),
    ("error_in_stream", "exceeded many no"),
)
"""Single words that show what a reason outside FINISHES means, the most specific first."""
FINISH_OUTCOMES: dict[str, Outcome] = {word: outcome for outcome, words in FINISHES.items() for word in words.split()}
"""Finish reason -> its outcome."""
WORD_OUTCOMES = [(frozenset(words.split()), outcome) for outcome, words in FINISH_WORDS]

STATED_FAILURES: frozenset[Outcome] = frozenset({"error_in_stream", "rate_limited"})
"""Outcomes of finish reasons that say in themselves what went wrong."""
RATE_STATUSES = {403, 503}
"""Statuses that some servers use for a rate limit, which only their words show then."""

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


def normalise_finish(finish: str) -> str:
    """A finish reason as the table has it: "FinishReason.MAX_TOKENS", "maxTokens" and "max-tokens" are one."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", finish.strip().rpartition(".")[2]).lower()
    return re.sub(r"[^a-z0-9]+", "_", snake).strip("_").removeprefix("finish_reason_")


@lru_cache(maxsize=256)
def read_finish(finish: str) -> Outcome | None:
    """The outcome of a finish reason; None where it is unknown: it counts as ok then, and the row says so."""
    reason = normalise_finish(finish)
    words = reason.split("_")
    by_word = (outcome for telling, outcome in WORD_OUTCOMES if not telling.isdisjoint(words))
    return FINISH_OUTCOMES.get(reason) or next(by_word, None)


def check_finish(finish: str | None, outcome: Outcome) -> list[str]:
    """The checks on how an answer ended: by a finish reason that is unknown, or by its [DONE] alone."""
    if finish is None:
        return [NO_FINISH] if outcome == "ok" else []
    return [UNKNOWN_FINISH] if read_finish(finish) is None else []


def is_failed_finish(finish: str) -> bool:
    """Whether a finish reason, or the status of a response, means a failure."""
    return read_finish(finish) in STATED_FAILURES


def refuse_status(status: int, refused: ServerError) -> End:
    """The end of an attempt with an HTTP status from 400 on; a server may use another status for a rate limit."""
    by_words = status in RATE_STATUSES and refused.words.lower().startswith(RATE_LIMIT_WORDS)
    outcome = "rate_limited" if refused.limits_rate or by_words else read_status(status)
    return End(outcome, refused.words or f"HTTP {status} without a message")


def _fail(refused: ServerError) -> tuple[Outcome, str]:
    """The outcome and the text of an error in a 200."""
    limited = refused.limits_rate or refused.words.lower().startswith(RATE_LIMIT_WORDS)
    return "rate_limited" if limited else "error_in_stream", refused.words


def judge(
    end: End,
    *,
    answered: bool,
    stream_error: ServerError | None,
    finish: str | None,
    refused: End | None,
    done: bool = False,
    stray: bytes = b"",
) -> tuple[Outcome, str | None]:
    """Return the outcome and the error text, None where there is nothing to say.

    Our own fault goes before everything, as it makes the rest uncertain; then the server's words in the stream; then
    its finish reason, after which a lost connection is only noted; then an error that it sent outside the events
    (`stray`); then its [DONE] (`done`); then its refusal; then how the wire ended, where a server that hung up without
    an answering byte was never really connected to.
    """
    if end.outcome == "client_error":
        return end.outcome, end.error
    if stream_error is not None:
        return _fail(stream_error)
    note = None if end is COMPLETE else f"after the finish marker: {end.error}"
    if finish is not None:
        outcome = read_finish(finish)
        if outcome is None:
            return "ok", f"unknown finish reason {finish[:40]!r}, taken as ok"
        return outcome, f"finish reason {finish[:40]!r}" if outcome in STATED_FAILURES else note
    if stray and (stray_error := find_server_error(stray)) is not None:
        return _fail(stray_error)
    if done:
        return "ok", note or (f"outside its events the server said: {read_error(stray)}" if stray.strip() else None)
    if refused is not None:
        return refused.outcome, refused.error
    if end.lost and not answered:
        return "connect", f"{end.error}; no byte of it arrived"
    outside = f"; outside its events the server said: {read_error(stray)}" if stray.strip() else ""
    return end.outcome, f"{end.error}{outside}"
