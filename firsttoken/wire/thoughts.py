"""Thoughts that a model writes into its visible text, between <think> and </think>: where do they end?

Rule: pure. A tag at the very start of the text opens them; until it is known whether the text starts with a tag, what
came is undecided. After the closing tag the first text that is not blank is visible. A closing tag that nothing opened
puts in doubt what came before it: a server may have put the opening tag into the prompt.
"""

from __future__ import annotations

import re
from typing import Literal

Sight = Literal["visible", "hidden", "undecided", "doubtful"]

TAGS = ("think", "thinking", "thought", "thoughts", "reasoning")
OPENING = re.compile(rf"\s*<({'|'.join(TAGS)})>", re.IGNORECASE)
CLOSING = re.compile(rf"</({'|'.join(TAGS)})>", re.IGNORECASE)
OPENINGS = tuple(f"<{tag}>" for tag in TAGS)
CLOSINGS = tuple(f"</{tag}>" for tag in TAGS)
LONGEST = max(map(len, CLOSINGS))


class Thoughts:
    """The state between two pieces of one answer's visible text."""

    __slots__ = ("_pending", "_state", "settled")

    def __init__(self) -> None:
        self._state: Literal["start", "inside", "closed", "outside"] = "start"
        self._pending = ""
        """The end of the text so far, where it may be the beginning of a tag."""
        self.settled = False
        """Text without a "<" can change nothing now."""

    def take(self, text: str) -> Sight:
        """What the next piece of text is to a reader, as a whole: visible if any of it is."""
        sight = self._take(text)
        self.settled = self._state in ("inside", "outside") and not self._pending
        return sight

    def _take(self, text: str) -> Sight:
        text, self._pending = self._pending + text, ""
        if self._state == "start":
            return self._begin(text)
        if self._state == "closed":
            return self._wait_for_text(text)
        closing = CLOSING.search(text)
        if closing is None:
            self._pending = _find_beginning(text, CLOSINGS)
            return "visible" if self._state == "outside" else "hidden"
        was_inside, self._state = self._state == "inside", "closed"
        after = self._wait_for_text(text[closing.end() :])
        return after if was_inside else "doubtful"

    def _begin(self, text: str) -> Sight:
        opening = OPENING.match(text)
        if opening is not None:
            self._state = "inside"
            return self._take(text[opening.end() :])
        start = text.lstrip().lower()
        if any(tag.startswith(start) for tag in OPENINGS):  # also of nothing but blanks
            self._pending = text
            return "undecided"
        self._state = "outside"
        return self._take(text)

    def _wait_for_text(self, text: str) -> Sight:
        if not text.strip():
            return "hidden"
        self._state = "outside"
        return self._take(text)


def _find_beginning(text: str, tags: tuple[str, ...]) -> str:
    """The end of a text that is the beginning of a tag, "" where there is none."""
    start = text.rfind("<", max(0, len(text) - LONGEST))
    end = text[start:].lower() if start >= 0 else ""
    return text[start:] if end and any(tag.startswith(end) for tag in tags) else ""
