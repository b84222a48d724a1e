"""Content that is more than a string (typed parts, tool calls, audio, images): does it hold a token, of which kind?

Rule: pure. What a part holds decides whether it is a token, its type whether it is visible; a part of an unknown type
is visible, for most new types are.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from firsttoken.wire.dialects.dialect import HIDDEN, SUMMARY, VISIBLE, Meaning

HIDDEN_TYPES = re.compile("think|thought|reason|redacted|analysis", re.IGNORECASE)
SUMMARY_TYPES = re.compile("summary", re.IGNORECASE)
SEALED_TYPES = re.compile("encrypted|redacted|signature", re.IGNORECASE)
"""Parts whose content only the server can read: it is no text that anybody waits for."""
ABOUT = frozenset({
    "type", "id", "index", "signature", "thought_signature", "format", "role", "expires_at", "item_id", "call_id",
    "status", "annotations", "encrypted_content", "mime_type", "media_type", "thought", "logprobs", "provider",
})  # fmt: skip
"""Keys that say something about a part and are not its content."""
HIDDEN_WORDS = frozenset({"think", "thinking", "thought", "thoughts", "reasoning", "cot", "monologue", "analysis"})
"""Words in the name of a field or event that holds thoughts ..."""
ABOUT_WORDS = frozenset({
    "signature", "id", "index", "effort", "token", "tokens", "count", "encrypted", "redacted", "duration", "time", "ms",
    "type", "status", "format", "level", "mode", "enabled", "budget", "start", "started", "end", "finished", "done",
})  # fmt: skip
"""... unless one of these says that it is about them."""
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
DEEPEST = 8
MOST_NAMES = 1024


def read_content(content: object) -> Meaning | None:
    """The kind of token that some content is, None where it is empty."""
    if isinstance(content, str):
        return VISIBLE if content else None
    return _read_part(content, VISIBLE, 0) if content else None


@lru_cache(MOST_NAMES)
def read_name(name: str) -> Meaning | None:
    """The kind of token in a field or a delta whose name means thoughts; None for any other name."""
    words = {word.lower() for word in WORD.findall(name)}
    if HIDDEN_WORDS.isdisjoint(words) or not ABOUT_WORDS.isdisjoint(words):
        return None
    return SUMMARY if "summary" in words else HIDDEN


def is_thought(holder: dict[str, object]) -> bool:
    """Whether what holds some content says that all of it is a thought."""
    if holder.get("thought") is True or holder.get("is_thought") is True:
        return True
    return any(isinstance(kind := holder.get(key), str) and HIDDEN_TYPES.search(kind) for key in ("type", "channel"))


def read_hidden(content: object) -> Meaning | None:
    """The same of what stands in a place for reasoning."""
    if isinstance(content, str):
        return HIDDEN if content else None
    return _read_part(content, HIDDEN, 0) if content else None


def _read_part(part: object, kind: Meaning, depth: int) -> Meaning | None:
    if isinstance(part, str):
        return kind if part else None
    if isinstance(part, dict):
        kind, inner = _kind_of(part, kind), (value for key, value in part.items() if key not in ABOUT)
        if kind is not VISIBLE and isinstance(part.get("type"), str) and SEALED_TYPES.search(part["type"]):
            return None
    elif isinstance(part, list):
        inner = (value for value in part)
    else:
        return None if part is None or isinstance(part, bool) else kind
    if depth == DEEPEST:
        return kind
    return most_visible(_read_part(value, kind, depth + 1) for value in inner)


def most_visible(kinds: Iterable[Meaning | None]) -> Meaning | None:
    """Of several kinds of tokens in one event, the one that a user sees first."""
    found = set(kinds)
    return next((kind for kind in (VISIBLE, HIDDEN, SUMMARY) if kind in found), None)


def _kind_of(part: dict[str, object], outer: Meaning) -> Meaning:
    name = part.get("type")
    if isinstance(name, str):
        if SUMMARY_TYPES.search(name):
            return SUMMARY
        if HIDDEN_TYPES.search(name):
            return HIDDEN
    return HIDDEN if part.get("thought") is True else outer


def read_visible_text(content: object) -> str:
    """The text of content that is visible, its parts joined."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(read_visible_text(part) for part in content if not isinstance(part, list))
    if isinstance(content, dict) and _kind_of(content, VISIBLE) is VISIBLE:
        text = content.get("text", content.get("content"))
        return text if isinstance(text, str) else ""
    return ""
