"""A file of prompts of the user's own: JSONL, one conversation a line.

Rule: a line is {"messages": [...]}, {"prompt": "..."} or a bare list of messages; other keys of an object are left
alone. A file with a line that is none of these is refused, with the number of the line and what was expected there.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import msgspec

from firsttoken.decoding.unreadable import UNREADABLE
from firsttoken.error import FirstTokenError
from firsttoken.traffic.chance import draw_from
from firsttoken.traffic.conversation import Message, MessageError, count_words, read_conversation

MOST_FAULTS = 5
"""Of the faulty lines so many are shown."""

Conversation = tuple[Message, ...]


class PromptFileError(FirstTokenError, ValueError):
    """A file of prompts that cannot be used; the text is the one sentence to show."""


class PromptFile(NamedTuple):
    """What stands in a file of prompts."""

    conversations: list[Conversation]
    digest: str
    """Names the bytes of the file."""

    def lengths(self) -> tuple[int, int]:
        """The median and the 95th percentile of the words of a conversation, nearest rank."""
        words = sorted(map(count_words, self.conversations))
        return words[(len(words) - 1) // 2], words[-(-95 * len(words) // 100) - 1]


def read_prompt_file(path: Path) -> PromptFile:
    """All conversations of a file. Raises PromptFileError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PromptFileError(f"{path}: expected a readable file of prompts, got: {error.strerror}") from None
    conversations: list[Conversation] = []
    faults: list[str] = []
    for number, line in _list_lines(data):
        try:
            conversations.append(tuple(read_conversation(_read_line(line))))
        except MessageError as error:
            faults.append(f"line {number}: {error}")
    if faults:
        more = f"; and {len(faults) - MOST_FAULTS:,} more lines" if len(faults) > MOST_FAULTS else ""
        raise PromptFileError(f"{path}: {'; '.join(faults[:MOST_FAULTS])}{more}")
    if not conversations:
        raise PromptFileError(
            f'{path}: expected a line such as {{"prompt": "..."}} or {{"messages": [...]}}, got an empty file'
        )
    return PromptFile(conversations, blake2b(data, digest_size=8).hexdigest())


def _list_lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines that hold anything, with their numbers from 1."""
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        if line.strip():
            yield number, line


def _read_line(line: bytes) -> object:
    """What a line holds that a conversation can be read from. Raises MessageError."""
    try:
        value = msgspec.json.decode(line)
    except UNREADABLE as error:
        raise MessageError(f"expected JSON, got {line[:40].decode('utf-8', 'replace')!r} ({error})") from None
    if not isinstance(value, dict):
        if isinstance(value, list):
            return value
        raise MessageError(f"expected an object or a list of messages, got {value!r:.60}")
    given = [key for key in ("messages", "prompt") if key in value]
    if len(given) != 1:
        raise MessageError(f'expected "messages" or "prompt", got {" and ".join(given) or ", ".join(value) or "{}"}')
    if given == ["messages"] and not isinstance(value["messages"], list):
        raise MessageError(f'expected "messages" to be a list, got {value["messages"]!r:.60}')
    if given == ["prompt"] and not isinstance(value["prompt"], str):
        raise MessageError(f'expected "prompt" to be a text, got {value["prompt"]!r:.60}')
    return value[given[0]]


def draw_conversation(conversations: Sequence[Conversation], *, seed: int, user: int, turn: int) -> Conversation:
    """The conversation of a user's `turn`-th request: the same at every level, for every target, in every run."""
    return conversations[int(draw_from(f"{seed}/file-{user}-{turn}")() * len(conversations))]
