"""The dialects of streaming APIs as tables: how each is asked, and what each of its events means.

Rule: pure. A token is a non-empty delta of text, reasoning, refusal or tool call; a role, an empty string, a null and
a field we do not know are none. Chunks are never counted as tokens, only stamped. Of a delta only its emptiness counts,
never its words: the middle of a stream is not decoded where nothing else differs (template.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypeVar

import msgspec

from firsttoken.wire.error_text import read_error
from firsttoken.wire.outcome import ProtocolError

T = TypeVar("T")


class Usage(NamedTuple):
    """Tokens as the server counted them; None where it did not say."""

    input: int | None
    cached: int | None
    output: int | None
    reasoning: int | None


class Meaning(NamedTuple):
    """What one event says: a token, the end, the usage, an error, several of them, or nothing."""

    token: Literal["visible", "hidden", "summary"] | None = None
    """Visible: text, refusal or tool call. Hidden: reasoning. Summary: of reasoning that itself is not streamed."""
    finish: str | None = None
    usage: Usage | None = None
    error: str | None = None


NOTHING = Meaning()
VISIBLE = Meaning(token="visible")
HIDDEN = Meaning(token="hidden")
SUMMARY = Meaning(token="summary")
TOKENS = (VISIBLE, HIDDEN, SUMMARY)
"""A token and nothing else. These and NOTHING are what nearly every event means: shared, a token costs no object."""


class Dialect(NamedTuple):
    """One API: where it is asked, the body of a request, the reader of its events."""

    name: str
    path: str
    body: Callable[[str, str, int | None, Mapping[str, object]], bytes]
    """(model, prompt, most output tokens or None, extra fields merged last) -> JSON."""
    read: Callable[[bytes], Meaning]
    """The data of one event -> its meaning. Raises ProtocolError for what is not the dialect's."""


class _Schema(msgspec.Struct):
    """Fields we read; every other is skipped. `object` is for fields of which only emptiness matters."""


NULL = msgspec.Raw(b"null")
HIGH, LOW = rb"\\u[dD][89abAB][0-9a-fA-F]{2}", rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
"""The two escapes that JSON needs for one character beyond the first 65,536 (RFC 8259, section 7)."""
ESCAPE = re.compile(rb"%b%b|(?P<half>%b|%b)|\\." % (HIGH, LOW, HIGH, LOW), re.DOTALL)


def _decode(decoder: msgspec.json.Decoder[T], data: bytes, name: str) -> T:
    try:
        return decoder.decode(data)
    except UnicodeDecodeError:  # a token may end inside a character: servers send it broken
        return _decode(decoder, data.decode("utf-8", "replace").encode(), name)
    except (msgspec.DecodeError, RecursionError) as problem:
        if (mended := ESCAPE.sub(_mend_escape, data)) != data:  # the same, by servers that send ASCII
            return _decode(decoder, mended, name)
        start = data[:60].decode("utf-8", "replace")
        raise ProtocolError(f"expected an event of the {name} API, got {start!r}: {problem}") from None


def _mend_escape(escape: re.Match[bytes]) -> bytes:
    """The escape as it is, of half a character the sign that stands for what cannot be read."""
    return b"\\ufffd" if escape["half"] else escape[0]


# -- chat and completions ---------------------------------------------------------------------------------------------


class _Call(_Schema):
    name: object = None
    arguments: object = None
    input: object = None


class _ToolCall(_Schema):
    function: _Call | None = None
    custom: _Call | None = None


class _Delta(_Schema):
    content: object = None
    refusal: object = None
    reasoning: object = None
    reasoning_content: object = None
    tool_calls: list[_ToolCall] | None = None
    function_call: _Call | None = None


class _Choice(_Schema):
    delta: _Delta | None = None
    text: object = None  # what a completions stream has for a delta
    finish_reason: str | None = None


class _CachedTokens(_Schema):
    cached_tokens: int | None = None


class _ReasoningTokens(_Schema):
    reasoning_tokens: int | None = None


class _ChatUsage(_Schema):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _CachedTokens | None = None
    completion_tokens_details: _ReasoningTokens | None = None


class _Chunk(_Schema):
    choices: list[_Choice] | None = None
    usage: _ChatUsage | None = None
    error: object = None
    kind: str | None = msgspec.field(default=None, name="object")


_CHUNK = msgspec.json.Decoder(_Chunk)
STREAMED: dict[str, object] = {"stream": True, "stream_options": {"include_usage": True}}


def write_chat(model: str, prompt: str, max_tokens: int | None, extra_body: Mapping[str, object]) -> bytes:
    """Body of POST /chat/completions; a key of `extra_body` replaces ours."""
    body: dict[str, object] = {"model": model, "messages": [{"role": "user", "content": prompt}]} | STREAMED
    if max_tokens is not None:
        body["max_completion_tokens"] = max_tokens
    return msgspec.json.encode(body | dict(extra_body))


def write_completions(model: str, prompt: str, max_tokens: int | None, extra_body: Mapping[str, object]) -> bytes:
    """Body of POST /completions; a key of `extra_body` replaces ours."""
    body: dict[str, object] = {"model": model, "prompt": prompt} | STREAMED
    if max_tokens is not None:
        body["max_tokens"] = max_tokens
    return msgspec.json.encode(body | dict(extra_body))


def read_chat(data: bytes) -> Meaning:
    """Meaning of one `chat.completion.chunk`; tokens, finish reason and usage may share a chunk."""
    return _read_chunk(data, "chat")


def read_completions(data: bytes) -> Meaning:
    """Meaning of one `text_completion`; tokens, finish reason and usage may share one."""
    return _read_chunk(data, "completions")


def _read_chunk(data: bytes, name: str) -> Meaning:
    chunk = _decode(_CHUNK, data, name)
    if chunk.error or chunk.kind == "error":
        return Meaning(error=read_error(data))
    meaning, finish = NOTHING, None
    for choice in chunk.choices or ():
        finish = choice.finish_reason or finish
        if choice.text:
            meaning = VISIBLE
        elif choice.delta is not None and meaning is not VISIBLE:
            meaning = _read_delta(choice.delta) or meaning
    if finish is None and chunk.usage is None:
        return meaning
    return Meaning(meaning.token, finish, _read_chat_usage(chunk.usage) if chunk.usage else None)


def _read_delta(delta: _Delta) -> Meaning | None:
    if delta.content or delta.refusal:
        return VISIBLE
    if delta.tool_calls and any(_is_call(tool.function) or _is_call(tool.custom) for tool in delta.tool_calls):
        return VISIBLE
    if _is_call(delta.function_call):
        return VISIBLE
    return HIDDEN if delta.reasoning_content or delta.reasoning else None


def _is_call(call: _Call | None) -> bool:
    return call is not None and bool(call.name or call.arguments or call.input)


def _read_chat_usage(usage: _ChatUsage) -> Usage:
    prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
    return Usage(
        input=usage.prompt_tokens,
        cached=prompt.cached_tokens if prompt else None,
        output=usage.completion_tokens,
        reasoning=completion.reasoning_tokens if completion else None,
    )


# -- responses -------------------------------------------------------------------------------------------------------


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
    event = _decode(_EVENT, data, "responses")
    meaning = RESPONSE_DELTAS.get(event.type)
    if meaning is not None:
        return meaning if event.delta else NOTHING
    if event.type in RESPONSE_ENDS:
        return _read_response_end(event.type, event.response)
    if event.type == "error":
        return Meaning(error=read_error(data))
    return NOTHING


def _read_response_end(kind: str, raw: msgspec.Raw) -> Meaning:
    response = _decode(_RESPONSE, bytes(raw) or b"{}", "responses")
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


DIALECTS: dict[str, Dialect] = {
    "chat": Dialect("chat", "/chat/completions", write_chat, read_chat),
    "completions": Dialect("completions", "/completions", write_completions, read_completions),
    "responses": Dialect("responses", "/responses", write_responses, read_responses),
}
