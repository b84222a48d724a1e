"""The messages of a request: what a behaviour or a file of prompts gives, completed by what the scenario says.

Rule: pure. A conversation is sent as it was given, but for three things: DRAWN becomes the prompt that the scenario
draws, the scenario's system prompt stands in front where there is no other, and in front of a new conversation of a
cold run stands a word that no other request has.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from types import MappingProxyType

from firsttoken.error import FirstTokenError
from firsttoken.traffic.prompts import name_text

Message = Mapping[str, str]
"""`role` and `content`, as the chat API has them."""

DRAWN: Message = MappingProxyType({"role": "user", "content": "the prompt that the scenario draws"})
"""In messages: the prompt of this request, of the lengths or from the file that [traffic] names."""
INSTRUCTING = ("system", "developer")
"""Roles of instructions to the model; they come first."""
ROLES = (*INSTRUCTING, "user", "assistant")
BYTES_PER_WORD = 6
"""A text counts as many words as it has, or one for so many bytes of UTF-8 where these are more: as in code, and in
scripts without blanks."""
TAG = re.compile(r"\[[0-9a-f]{12}\]\n\n")
"""The word of a cold run, which is no part of what is asked (prompts.tag)."""


class MessageError(FirstTokenError, ValueError):
    """No conversation that can be sent; the message says what was expected and what came."""


def read_conversation(value: object) -> list[Message]:
    """The messages of a text, which is what the user says, or of a list of messages. Raises MessageError."""
    if isinstance(value, str):
        if not value.strip():
            raise MessageError("expected a prompt with a text in it, got an empty one")
        return [{"role": "user", "content": value}]
    if not isinstance(value, list | tuple) or not value:
        got = (
            "an empty list" if isinstance(value, list | tuple) else "DRAWN" if value is DRAWN else type(value).__name__
        )
        got += (
            "; write [DRAWN]"
            if value is DRAWN
            else "; put the message into a list"
            if isinstance(value, Mapping)
            else ""
        )
        raise MessageError(f"expected a text or a list of messages, got {got}")
    messages = [_read_message(number, message) for number, message in enumerate(value, 1)]
    if messages[-1]["role"] != "user":
        raise MessageError(f'expected the last message to have the role "user", got "{messages[-1]["role"]}"')
    return messages


def _read_message(number: int, value: object) -> Message:
    """One message, numbered from 1. Raises MessageError."""
    if value is DRAWN:
        return DRAWN
    if not isinstance(value, Mapping):
        raise MessageError(f"expected message {number} to be an object with role and content, got {value!r:.60}")
    role, content = value.get("role"), value.get("content")
    if role not in ROLES:
        known = ", ".join(f'"{each}"' for each in ROLES)
        raise MessageError(f"expected the role of message {number} to be one of {known}, got {role!r:.60}")
    if not isinstance(content, str) or not content.strip():
        got = (
            "an empty one"
            if isinstance(content, str)
            else f"{content!r:.60}"
            if "content" in value
            else _list_keys(value)
        )
        raise MessageError(f"expected the content of message {number} to be a text, got {got}")
    return {"role": role, "content": content}


def _list_keys(message: Mapping[str, object]) -> str:
    return f"none; it has {', '.join(map(str, message))}"


def insert_drawn(messages: Sequence[Message], drawn: Sequence[Message]) -> list[Message]:
    """The messages with the drawn conversation in the place of DRAWN; behind others, without its system prompt."""
    spoken = [message for message in drawn if message["role"] not in INSTRUCTING]
    inserted: list[Message] = []
    for message in messages:
        inserted += [message] if message is not DRAWN else spoken if inserted else drawn
    return inserted


def put_system_first(messages: Sequence[Message], system: str) -> list[Message]:
    """The messages behind the scenario's system prompt, unless they begin with one of their own."""
    if not system or messages[0]["role"] in INSTRUCTING:
        return [*messages]
    return [{"role": "system", "content": system}, *messages]


def mark_cold(messages: Sequence[Message], word: str) -> list[Message]:
    """The conversation with the word in front, unless it continues one that was sent with a word of its own."""
    first = messages[0]
    if TAG.match(first["content"]):
        return [*messages]
    return [{"role": first["role"], "content": f"{word}\n\n{first['content']}"}, *messages[1:]]


def name_conversation(messages: Sequence[Message]) -> str:
    """A name that two conversations share only if they say the same, the words of cold runs apart."""
    return name_text("\n\n".join(TAG.sub("", message["content"]) for message in messages))


def count_turn(messages: Sequence[Message]) -> int:
    """How many answers stand before this request."""
    return sum(message["role"] == "assistant" for message in messages)


def count_words(messages: Iterable[Message]) -> int:
    """The words of a conversation, as BYTES_PER_WORD counts them."""
    return sum(count_words_of(message["content"]) for message in messages)


def count_words_of(text: str) -> int:
    """The words of a text, as BYTES_PER_WORD counts them."""
    return max(len(text.split()), ceil(len(text.encode()) / BYTES_PER_WORD))
