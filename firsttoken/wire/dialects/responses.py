"""The responses API: POST /responses, a stream of events that name their type.

Rule: pure; a key of `extra_body` replaces ours. The type may stand in the payload or in the event's name; the payload's
counts. A field of unknown shape is ignored; the rest of the event counts.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

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
from firsttoken.wire.dialects.json_text import decode_event, decode_object
from firsttoken.wire.dialects.parts import read_content, read_name, read_visible_text
from firsttoken.wire.fields.error_text import ServerError, find_server_error, read_server_error
from firsttoken.wire.fields.usage import read_usage
from firsttoken.wire.outcome import is_failed_finish


class _Event(msgspec.Struct):
    """Fields we read of every event; the response of the last ones is decoded there: it is long."""

    kind: object = msgspec.field(default=None, name="type")
    delta: object = None


_EVENT = msgspec.json.Decoder(_Event)

TOOL_DELTAS = (
    "response.function_call_arguments.delta",
    "response.custom_tool_call_input.delta",
    "response.mcp_call_arguments.delta",
    "response.code_interpreter_call_code.delta",
)
"""Event types whose `delta` is for a tool: a user sees that it comes, and it is no text."""
RESPONSE_DELTAS: dict[str, Meaning] = {
    "response.output_text.delta": VISIBLE,
    "response.refusal.delta": VISIBLE,
    **dict.fromkeys(TOOL_DELTAS, VISIBLE),
    "response.reasoning_text.delta": HIDDEN,
    "response.reasoning_summary_text.delta": SUMMARY,
}
"""Event type -> what its `delta` means if it is not empty; others by the words in their name (`_kind_of`)."""
RESPONSE_PARTS = {"response.output_text.done", "response.output_item.done", "response.function_call_arguments.done"}
"""Events that hold something finished once more, which some servers never streamed."""
SPEAKERS = ("user", "assistant")
"""Roles of a conversation; a first message of another one is an instruction to the model."""
RESPONSE_ENDS = {"response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.done"}


def write_responses(model: str, prompt: Prompt, max_tokens: int | None, extra_body: Mapping[str, object]) -> bytes:
    """Body of POST /responses; a key of `extra_body` replaces ours. A system prompt goes as `instructions`."""
    first, *rest = messages = list_messages(prompt)
    instructions = {"instructions": first["content"]} if rest and first["role"] not in SPEAKERS else {}
    asked = rest if instructions else messages
    text = asked[0]["content"] if len(asked) == 1 else asked
    body: dict[str, object] = {"model": model, "input": text, "stream": True, **instructions}
    if max_tokens is not None:
        body["max_output_tokens"] = max_tokens
    return msgspec.json.encode(body | dict(extra_body))


def read_responses(data: bytes, name: bytes = b"") -> Meaning:
    """Meaning of one event of a responses stream, by its type."""
    event = decode_event(_EVENT, data, "responses", _put_right)
    kind = event.kind if isinstance(event.kind, str) and event.kind else name.decode("utf-8", "replace")
    meaning = RESPONSE_DELTAS.get(kind)
    if meaning is None and kind.endswith(".delta"):
        meaning = _kind_of(kind)
    if meaning is not None:
        if isinstance(event.delta, str):
            return meaning if event.delta else NOTHING
        return meaning if read_content(event.delta) is not None else NOTHING
    if kind in RESPONSE_ENDS:
        return _read_end(kind, data)
    if kind in RESPONSE_PARTS:
        return WHOLE if _find_product(decode_object(data, "responses")) else NOTHING
    if kind in ("error", "response.error"):
        return Meaning(error=read_server_error(data))
    if kind.startswith("response."):
        return NOTHING
    error = find_server_error(data)
    return FOREIGN if error is None else Meaning(error=error)


def read_response_text(data: bytes) -> str:
    """The visible text of an event: a piece of it, or the whole where that comes once more."""
    event = decode_event(_EVENT, data, "responses", _put_right)
    if event.delta is None:
        return "".join(map(_read_item_text, _list_items(decode_object(data, "responses"))))
    return "" if event.kind in TOOL_DELTAS else read_visible_text(event.delta)


def _list_items(value: object) -> list[dict[str, object]]:
    """The finished items that an event holds: those of its response, its one item, or itself."""
    outer = value if isinstance(value, dict) else {}
    response = outer.get("response")
    holder = response if isinstance(response, dict) else outer
    items = holder.get("output") or [holder.get("item") or holder]
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _read_item_text(item: dict[str, object]) -> str:
    """The text of a finished part or message; other items, such as reasoning, have none."""
    text = item.get("text")
    if isinstance(text, str):
        return text
    return read_visible_text(item.get("content")) if item.get("type") == "message" else ""


def _kind_of(delta: str) -> Meaning:
    """The kind of a delta that is not in the table."""
    return read_name(delta) or (SUMMARY if "summary" in delta else VISIBLE)


def _read_end(kind: str, data: bytes) -> Meaning:
    event = decode_object(data, "responses")
    outer = event if isinstance(event, dict) else {}
    response = outer.get("response")
    response = response if isinstance(response, dict) else {}
    usage = read_usage(response.get("usage")) or read_usage(outer.get("usage"))
    whole: Literal["whole"] | None = "whole" if _find_product(response) else None
    status, error = response.get("status"), response.get("error") or outer.get("error")
    failed = isinstance(status, str) and is_failed_finish(status)
    if kind in ("response.failed", "response.cancelled") or failed or error:
        refused = read_server_error(msgspec.json.encode({"error": error})) if error else ServerError("")
        words = refused.words or (f"the response's status is {status}" if failed and "fail" not in kind else kind)
        return Meaning(usage=usage, error=refused._replace(words=words))
    if kind == "response.incomplete" or status == "incomplete":
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else details
        return Meaning(whole, reason if isinstance(reason, str) and reason else "incomplete", usage)
    return Meaning(whole, "completed", usage)


def _find_product(value: object) -> bool:
    """Whether a finished item holds visible text or a tool call."""
    return any(bool(item.get("name")) or bool(_read_item_text(item)) for item in _list_items(value))


def _put_right(value: object) -> dict[str, object]:
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, dict)), None)
    return {key: each for key, each in value.items() if key in ("type", "delta")} if isinstance(value, dict) else {}


DIALECT = Dialect(
    "responses",
    "/responses",
    write_responses,
    read_responses,
    read_response_text,
    sent=("model", "input", "stream", "max_output_tokens"),
    question="input",
    in_package=True,
)
