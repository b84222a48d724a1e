"""The chat completions API: POST /chat/completions, a stream of `chat.completion.chunk` objects.

Rule: pure; a key of `extra_body` replaces ours. A field of a shape that nobody foresaw costs only what it says itself.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from firsttoken.wire.dialects.dialect import FOREIGN, NOTHING, SUMMARY, VISIBLE, Dialect, Meaning
from firsttoken.wire.dialects.json_text import decode_event
from firsttoken.wire.dialects.parts import read_content, read_hidden, read_visible_text
from firsttoken.wire.error_text import find_server_error, read_server_error
from firsttoken.wire.outcome import is_failed_finish
from firsttoken.wire.usage import Usage, read_usage


class _Schema(msgspec.Struct):
    """Fields we read; every other is skipped. What may have many shapes is an object, and looked at later."""


class _Delta(_Schema):
    content: object = None
    refusal: object = None
    tool_calls: object = None
    function_call: object = None
    audio: object = None
    images: object = None
    reasoning_content: object = None
    reasoning: object = None
    reasoning_text: object = None
    reasoning_details: object = None
    reasoning_summary: object = None
    thinking: object = None
    thinking_content: object = None
    thinking_blocks: object = None
    thought: object = None
    thoughts: object = None


VISIBLE_FIELDS = ("refusal", "tool_calls", "function_call", "audio", "images")
HIDDEN_FIELDS = (
    "reasoning_content", "reasoning", "reasoning_details", "thinking", "reasoning_text", "thinking_content",
    "thinking_blocks", "thought", "thoughts",
)  # fmt: skip
"""Fields of a delta by what a token in them is; the content's own parts may be of either kind."""


class _Choice(_Schema):
    delta: _Delta | None = None
    message: object = None  # what some servers call a delta
    text: object = None  # what a completions stream has for a delta
    finish_reason: object = None
    native_finish_reason: object = None
    usage: object = None
    error: object = None


class _Chunk(_Schema):
    choices: list[_Choice] | None = None
    usage: object = None
    x_groq: object = None
    error: object = None
    kind: object = msgspec.field(default=None, name="object")


_CHUNK = msgspec.json.Decoder(_Chunk)
STREAMED: dict[str, object] = {"stream": True, "stream_options": {"include_usage": True}}


def write_chat(model: str, prompt: str, max_tokens: int | None, extra_body: Mapping[str, object]) -> bytes:
    """Body of POST /chat/completions; a key of `extra_body` replaces ours."""
    body: dict[str, object] = {"model": model, "messages": [{"role": "user", "content": prompt}]} | STREAMED
    if max_tokens is not None:
        body["max_completion_tokens"] = max_tokens
    return msgspec.json.encode(body | dict(extra_body))


def read_chat(data: bytes, _name: bytes = b"") -> Meaning:
    """Meaning of one `chat.completion.chunk`; tokens, finish reason and usage may share a chunk."""
    return read_chunk(data, "chat")


def read_chunk(data: bytes, api: str) -> Meaning:
    """Meaning of a chunk of the chat API or of its elder, which has `text` for a delta."""
    chunk = decode_event(_CHUNK, data, api, _put_right)
    if chunk.error or chunk.kind == "error":
        return Meaning(error=read_server_error(data))
    usage = read_usage(chunk.usage) if chunk.usage else None
    if chunk.x_groq and usage is None and isinstance(chunk.x_groq, dict):
        usage = read_usage(chunk.x_groq.get("usage"))
    if not chunk.choices:
        return _read_without_choice(chunk, usage, data)
    meaning, finish, error = NOTHING, None, None
    for choice in chunk.choices:
        if choice.text and isinstance(choice.text, str):
            meaning = VISIBLE
        elif meaning is not VISIBLE:
            delta = choice.delta or (_read_message(choice.message) if choice.message else None)
            meaning = (_read_delta(delta) if delta is not None else None) or meaning
        if choice.finish_reason and isinstance(choice.finish_reason, str):
            finish = _read_finish(choice.finish_reason, choice.native_finish_reason)
        if choice.error:
            error = read_server_error(msgspec.json.encode({"error": choice.error}))
        usage = usage or (read_usage(choice.usage) if choice.usage else None)
    if finish is None and usage is None and error is None:
        return meaning
    return Meaning(meaning.token, finish, usage, error)


def read_chunk_text(data: bytes) -> str:
    """The visible text of a chunk."""
    chunk = decode_event(_CHUNK, data, "chat", _put_right)
    texts = []
    for choice in chunk.choices or ():
        delta = choice.delta or (_read_message(choice.message) if choice.message else None)
        texts.append(choice.text if isinstance(choice.text, str) else "")
        texts.append(read_visible_text(delta.content) if delta is not None else "")
    return "".join(texts)


def _read_without_choice(chunk: _Chunk, usage: Usage | None, data: bytes) -> Meaning:
    """Of a chunk that has no choice only its usage counts, or the error that it is."""
    if usage is not None:
        return Meaning(usage=usage)
    if chunk.choices is not None:
        return NOTHING
    error = find_server_error(data)
    return FOREIGN if error is None else Meaning(error=error)


def _read_delta(delta: _Delta) -> Meaning | None:
    """The kind of token in a delta, the most visible where it holds several; None where it holds none."""
    found = read_content(delta.content) if delta.content else None
    if found is VISIBLE:
        return VISIBLE
    for field in VISIBLE_FIELDS:
        if (value := getattr(delta, field)) and read_content(value) is not None:
            return VISIBLE
    for field in HIDDEN_FIELDS:
        if found is None and (value := getattr(delta, field)):
            found = read_hidden(value)
    return found or (SUMMARY if delta.reasoning_summary and read_content(delta.reasoning_summary) else None)


def _read_message(message: object) -> _Delta | None:
    return msgspec.convert(message, _Delta) if isinstance(message, dict) else None


def _read_finish(finish: str, native: object) -> str:
    """The reason that a gateway gives, unless the one that its own server gave is a failure."""
    return native if isinstance(native, str) and native and is_failed_finish(native) else finish


def _put_right(value: object) -> dict[str, object]:
    """A chunk whose choices and deltas are what they should be; an error may come in a list."""
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, dict)), None)
    if not isinstance(value, dict):
        return {}
    choices = value.get("choices")
    if "choices" in value:
        listed = choices if isinstance(choices, list) else [choices] if choices else []
        right = [_put_choice_right(choice) for choice in listed if isinstance(choice, dict)]
        value = value | {"choices": right}
    return value


def _put_choice_right(choice: dict[str, object]) -> dict[str, object]:
    delta = choice.get("delta")
    return choice | {"delta": delta if isinstance(delta, dict) else {"content": delta} if delta else None}


CHAT = Dialect("chat", "/chat/completions", write_chat, read_chat, read_chunk_text)
