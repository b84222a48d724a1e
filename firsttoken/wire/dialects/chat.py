"""The chat completions API: POST /chat/completions, a stream of `chat.completion.chunk` objects.

Rule: pure; a key of `extra_body` replaces ours.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from firsttoken.wire.dialects.dialect import HIDDEN, NOTHING, VISIBLE, Dialect, Meaning, Usage
from firsttoken.wire.dialects.json_text import decode_event
from firsttoken.wire.error_text import read_error


class _Schema(msgspec.Struct):
    """Fields we read; every other is skipped. `object` is for fields of which only emptiness matters."""


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


def read_chat(data: bytes) -> Meaning:
    """Meaning of one `chat.completion.chunk`; tokens, finish reason and usage may share a chunk."""
    return read_chunk(data, "chat")


def read_chunk(data: bytes, name: str) -> Meaning:
    """Meaning of a chunk of the chat API or of its elder, which has `text` for a delta."""
    chunk = decode_event(_CHUNK, data, name)
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


CHAT = Dialect("chat", "/chat/completions", write_chat, read_chat)
