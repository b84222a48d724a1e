"""The responses API: POST /responses, a stream of events that name their type.

Rule: pure; a key of `extra_body` replaces ours.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from firsttoken.wire.dialects.dialect import HIDDEN, NOTHING, SUMMARY, VISIBLE, Dialect, Meaning, Usage
from firsttoken.wire.dialects.json_text import decode_event
from firsttoken.wire.error_text import read_error

NULL = msgspec.Raw(b"null")


class _Schema(msgspec.Struct):
    """Fields we read; every other is skipped. `object` is for fields of which only emptiness matters."""


class _CachedTokens(_Schema):
    cached_tokens: int | None = None


class _ReasoningTokens(_Schema):
    reasoning_tokens: int | None = None


class _ResponseUsage(_Schema):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _CachedTokens | None = None
    output_tokens_details: _ReasoningTokens | None = None


class _Incomplete(_Schema):
    reason: str | None = None


class _Response(_Schema):
    usage: _ResponseUsage | None = None
    incomplete_details: _Incomplete | None = None
    error: msgspec.Raw = NULL


class _Event(_Schema):
    type: str
    delta: object = None
    response: msgspec.Raw = msgspec.Raw()
    """Decoded only at the end of the stream: it is long, and comes with the first events as well."""


_EVENT = msgspec.json.Decoder(_Event)
_RESPONSE = msgspec.json.Decoder(_Response)

RESPONSE_DELTAS: dict[str, Meaning] = {
    "response.output_text.delta": VISIBLE,
    "response.refusal.delta": VISIBLE,
    "response.function_call_arguments.delta": VISIBLE,
    "response.custom_tool_call_input.delta": VISIBLE,
    "response.mcp_call_arguments.delta": VISIBLE,
    "response.code_interpreter_call_code.delta": VISIBLE,
    "response.reasoning_text.delta": HIDDEN,
    "response.reasoning_summary_text.delta": SUMMARY,
}
"""Event type -> what its `delta` means if it is not empty."""

RESPONSE_ENDS = {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}


def write_responses(model: str, prompt: str, max_tokens: int | None, extra_body: Mapping[str, object]) -> bytes:
    """Body of POST /responses; a key of `extra_body` replaces ours."""
    body: dict[str, object] = {"model": model, "input": prompt, "stream": True}
    if max_tokens is not None:
        body["max_output_tokens"] = max_tokens
    return msgspec.json.encode(body | dict(extra_body))


def read_responses(data: bytes) -> Meaning:
    """Meaning of one event of a responses stream, by its `type`."""
    event = decode_event(_EVENT, data, "responses")
    meaning = RESPONSE_DELTAS.get(event.type)
    if meaning is not None:
        return meaning if event.delta else NOTHING
    if event.type in RESPONSE_ENDS:
        return _read_response_end(event.type, event.response)
    if event.type == "error":
        return Meaning(error=read_error(data))
    return NOTHING


def _read_response_end(kind: str, raw: msgspec.Raw) -> Meaning:
    response = decode_event(_RESPONSE, bytes(raw) or b"{}", "responses")
    usage = _read_response_usage(response.usage) if response.usage else None
    if kind == "response.completed":
        return Meaning(finish="completed", usage=usage)
    if kind == "response.incomplete":
        reason = response.incomplete_details and response.incomplete_details.reason
        return Meaning(finish=reason or "incomplete", usage=usage)
    words = "" if response.error == NULL else read_error(bytes(response.error))
    return Meaning(usage=usage, error=words or kind)


def _read_response_usage(usage: _ResponseUsage) -> Usage:
    prompt, completion = usage.input_tokens_details, usage.output_tokens_details
    return Usage(
        input=usage.input_tokens,
        cached=prompt.cached_tokens if prompt else None,
        output=usage.output_tokens,
        reasoning=completion.reasoning_tokens if completion else None,
    )


RESPONSES = Dialect("responses", "/responses", write_responses, read_responses)
