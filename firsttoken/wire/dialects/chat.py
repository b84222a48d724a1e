"""The chat completions API: POST /chat/completions, a stream of `chat.completion.chunk` objects.

Rule: pure; a key of `extra_body` replaces ours. A field of unknown shape is ignored; the rest of the event counts.
"""

from collections.abc import Callable, Mapping

import msgspec

from firsttoken.decoding.unreadable import UNREADABLE
from firsttoken.wire.dialects.dialect import (
    FOREIGN,
    HIDDEN,
    NOTHING,
    SUMMARY,
    VISIBLE,
    WHOLE,
    Dialect,
    Meaning,
    Prompt,
    list_messages,
)
from firsttoken.wire.dialects.json_text import decode_event
from firsttoken.wire.dialects.parts import is_thought, read_content, read_hidden, read_name, read_visible_text
from firsttoken.wire.fields.error_text import ServerError, find_server_error, read_server_error, tells_failure
from firsttoken.wire.fields.usage import Usage, read_usage
from firsttoken.wire.outcome import is_failed_finish


class _Schema(msgspec.Struct):
    """Fields we read; every other is skipped. What may have many shapes is an object, and looked at later."""


def _read_shown(value: object) -> Meaning | None:
    return None if read_content(value) is None else VISIBLE


def _read_summary(value: object) -> Meaning | None:
    return None if read_content(value) is None else SUMMARY


DELTAS: dict[str, Callable[[object], Meaning | None]] = {
    "content": read_content,
    **dict.fromkeys(("refusal", "tool_calls", "function_call", "audio", "images"), _read_shown),
    **dict.fromkeys(("reasoning_content", "reasoning", "reasoning_details", "reasoning_text"), read_hidden),
    **dict.fromkeys(("thinking", "thinking_content", "thinking_blocks", "thought", "thoughts"), read_hidden),
    "reasoning_summary": _read_summary,
}
"""Field of a delta -> what a token in it is; the parts of the content may be of either kind. Others by their name."""


class _Choice(_Schema):
    delta: object = None
    message: object = None  # what some servers call a delta
    text: object = None  # what a completions stream has for a delta
    reasoning: object = None
    reasoning_content: object = None
    finish_reason: object = None
    finishReason: object = None  # noqa: N815 - as some send it
    native_finish_reason: object = None
    usage: object = None
    error: object = None


class _Chunk(_Schema):
    choices: list[_Choice] | None = None
    usage: object = None
    usage_metadata: object = None
    usageMetadata: object = None  # noqa: N815 - as it is sent
    x_groq: object = None
    error: object = None
    kind: object = msgspec.field(default=None, name="object")


_CHUNK = msgspec.json.Decoder(_Chunk)


class _PlainDelta(_Schema):
    content: object = None
    reasoning_content: object = None
    reasoning: object = None
    tool_calls: object = None
    extra_content: object = None
    channel: object = None
    type: object = None
    thought: object = None
    is_thought: object = None


class _PlainChoice(_Schema):
    delta: _PlainDelta | None = None
    text: object = None
    finish_reason: object = None
    finishReason: object = None  # noqa: N815
    usage: object = None
    error: object = None


class _PlainChunk(_Schema):
    """As much of a chunk as nearly every token needs: looked at first, for it is decoded in half the time."""

    choices: list[_PlainChoice]
    usage: object = None
    error: object = None
    kind: object = msgspec.field(default=None, name="object")


_PLAIN = msgspec.json.Decoder(_PlainChunk)
STREAMED: dict[str, object] = {"stream": True, "stream_options": {"include_usage": True}}


def write_chat(model: str, prompt: Prompt, max_tokens: int | None, extra_body: Mapping[str, object]) -> bytes:
    """Body of POST /chat/completions; a key of `extra_body` replaces ours."""
    body: dict[str, object] = {"model": model, "messages": list_messages(prompt)} | STREAMED
    if max_tokens is not None:
        body["max_completion_tokens"] = max_tokens
    return msgspec.json.encode(body | dict(extra_body))


def read_chat(data: bytes, _name: bytes = b"") -> Meaning:
    """Meaning of one `chat.completion.chunk`; tokens, finish reason and usage may share a chunk."""
    return read_chunk(data, "chat")


def read_chunk(data: bytes, api: str) -> Meaning:
    """Meaning of a chunk of the chat API or of its elder, which has `text` for a delta."""
    plain = _read_plain_token(data)
    if plain is not None:
        return plain
    chunk = decode_event(_CHUNK, data, api, _put_right)
    if (chunk.error and tells_failure(chunk.error)) or chunk.kind == "error":
        return Meaning(error=read_server_error(data))
    usage = (read_usage(chunk.usage) if chunk.usage else None) or _read_usage_aside(chunk)
    if not chunk.choices:
        return _read_without_choice(chunk, usage, data)
    meaning, finish, error = NOTHING, None, _find_error(chunk.x_groq) if chunk.x_groq else None
    for choice in chunk.choices:
        if choice.text and isinstance(choice.text, str):
            meaning = VISIBLE
        elif meaning is not VISIBLE:
            meaning = _read_delta(choice.delta) or (WHOLE if _read_delta(choice.message) else meaning)
            if meaning is NOTHING and (read_hidden(choice.reasoning) or read_hidden(choice.reasoning_content)):
                meaning = HIDDEN
        if reason := choice.finish_reason or choice.finishReason:
            finish = _read_finish(reason, choice.native_finish_reason) or finish
        if choice.error:
            error = _find_error({"error": choice.error}) or error
        if isinstance(choice.delta, dict) and "error" in choice.delta:
            error = _find_error(choice.delta) or error
        usage = usage or (read_usage(choice.usage) if choice.usage else None)
    if finish is None and usage is None and error is None:
        return meaning
    return Meaning(meaning.token, finish, usage, error)


def _read_usage_aside(chunk: _Chunk) -> Usage | None:
    """The usage of a chunk where it stands in another place than its own."""
    groq = chunk.x_groq.get("usage") if isinstance(chunk.x_groq, dict) else None
    if groq or chunk.usage_metadata or chunk.usageMetadata:
        return next(filter(None, map(read_usage, (groq, chunk.usage_metadata, chunk.usageMetadata))), None)
    return None


def _read_plain_token(data: bytes) -> Meaning | None:
    """The token of a chunk that has one string of text or reasoning and says nothing else; None of any other chunk."""
    try:
        chunk = _PLAIN.decode(data)
    except UNREADABLE:
        return None
    if len(chunk.choices) != 1 or chunk.usage or chunk.error or chunk.kind == "error":
        return None
    choice = chunk.choices[0]
    if choice.finish_reason or choice.finishReason or choice.usage or choice.error:
        return None
    delta = choice.delta
    if delta is None:
        return VISIBLE if choice.text and isinstance(choice.text, str) else None
    if delta.tool_calls or _is_special(delta):
        return None
    if delta.content:
        return VISIBLE if isinstance(delta.content, str) else None
    reasoning = delta.reasoning_content or delta.reasoning
    return HIDDEN if reasoning and isinstance(reasoning, str) and not choice.text else None


def _is_special(delta: _PlainDelta) -> bool:
    """Whether a delta says something of its content that may make it a thought."""
    return bool(delta.extra_content or delta.channel or delta.type or delta.thought or delta.is_thought)


def _read_plain_text(data: bytes) -> str | None:
    """The text of a chunk that is a plain token with content; None of any other chunk."""
    try:
        chunk = _PLAIN.decode(data)
    except UNREADABLE:
        return None
    delta = chunk.choices[0].delta if len(chunk.choices) == 1 else None
    if delta is None or _is_special(delta) or not isinstance(delta.content, str):
        return None
    return delta.content


def read_chunk_text(data: bytes) -> str:
    """The visible text of a chunk."""
    plain = _read_plain_text(data)
    if plain is not None:
        return plain
    chunk = decode_event(_CHUNK, data, "chat", _put_right)
    texts = []
    for choice in chunk.choices or ():
        delta = choice.delta or choice.message
        if isinstance(delta, dict) and _is_thought(delta):
            continue
        texts.append(choice.text if isinstance(choice.text, str) else "")
        texts.append(read_visible_text(delta.get("content") if isinstance(delta, dict) else delta))
    return "".join(texts)


def _read_without_choice(chunk: _Chunk, usage: Usage | None, data: bytes) -> Meaning:
    """Of a chunk that has no choice only its usage counts, or the error that it is."""
    if usage is not None:
        return Meaning(usage=usage)
    if chunk.choices is not None:
        return NOTHING
    error = find_server_error(data)
    return FOREIGN if error is None else Meaning(error=error)


def _read_delta(delta: object) -> Meaning | None:
    """The kind of token in a delta, the most visible where it holds several; None where it holds none."""
    if not isinstance(delta, dict):
        return read_content(delta) if isinstance(delta, str) else None
    found: Meaning | None = None
    for field, value in delta.items():
        kind = _read_field(field, value) if value else None
        if kind is VISIBLE and field == "content" and _is_thought(delta):
            kind = HIDDEN
        if kind is VISIBLE:
            return VISIBLE
        found = kind if found is None or found is SUMMARY else found
    return found


def _read_field(field: str, value: object) -> Meaning | None:
    """The kind of token in a field of a delta."""
    if (read := DELTAS.get(field)) is not None:
        return read(value)
    kind = read_name(field) if isinstance(value, str | list | dict) else None
    return None if kind is None or read_hidden(value) is None else kind


def _is_thought(delta: dict[str, object]) -> bool:
    """Whether a delta says that its content is a thought, itself or in what its vendor adds to it."""
    extra = delta.get("extra_content")
    vendors = extra.values() if isinstance(extra, dict) else ()
    return is_thought(delta) or any(is_thought(vendor) for vendor in vendors if isinstance(vendor, dict))


def _find_error(holder: object) -> ServerError | None:
    """The `error` in a part of a chunk, if it is a failure."""
    error = holder.get("error") if isinstance(holder, dict) else None
    return read_server_error(msgspec.json.encode({"error": error})) if tells_failure(error) else None


def _read_finish(finish: object, native: object) -> str | None:
    """The reason that a gateway gives, unless the one that its own server gave is a failure; None where there is none.

    SGLang's own is an object that names its type.
    """
    finish = finish.get("type") if isinstance(finish, dict) else finish
    if not isinstance(finish, str) or not finish:
        return None
    return native if isinstance(native, str) and native and is_failed_finish(native) else finish


def _put_right(value: object) -> dict[str, object]:
    """A chunk whose choices are objects in a list; an error may come in a list."""
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, dict)), None)
    if not isinstance(value, dict):
        return {}
    choices = value.get("choices")
    if "choices" in value:
        listed = choices if isinstance(choices, list) else [choices] if choices else []
        value = value | {"choices": [choice for choice in listed if isinstance(choice, dict)]}
    return value


DIALECT = Dialect(
    "chat",
    "/chat/completions",
    write_chat,
    read_chat,
    read_chunk_text,
    sent=("model", "messages", "stream", "stream_options", "max_completion_tokens"),
    question="messages",
    in_package=True,
)
