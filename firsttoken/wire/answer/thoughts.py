"""Thoughts that a model writes into its visible text, between <think> and </think> or other marks: where do they end?

Rule: pure. A mark at the very start of the text opens them; until it is known whether the text starts with one, what
came is undecided. After the closing mark the first text that is not blank is visible. A closing tag that nothing opened
makes uncertain what came before it: a server may have put the opening tag into the prompt.
"""

import re
from functools import lru_cache
from typing import Literal

Sight = Literal["visible", "hidden", "undecided", "uncertain"]

TAGS = ("think", "thinking", "thought", "thoughts", "reasoning", "antthinking")
OPENING_TAG = re.compile(rf"<(?P<space>[a-z]\w*:)?(?:{'|'.join(TAGS)})(?:\s[^<>]{{0,100}})?>", re.IGNORECASE)
"""A tag of thoughts, in a namespace of a vendor, or with attributes: <seed:think>, <think signature="x">."""
BEGUN_TAG = re.compile(rf"<(?:[a-z][\w:]{{0,24}}|(?:[a-z]\w*:)?(?:{'|'.join(TAGS)})\s[^<>]{{0,100}})?", re.IGNORECASE)
"""A text that may be the beginning of such a tag."""
MARKS = {
    "[think]": "[/think]",
    "◁think▷": "◁/think▷",
    "<|think|>": "<|/think|>",
    "<|start_thinking|>": "<|end_thinking|>",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|channel|>analysis": "<|channel|>final<|message|>",
    "<|start|>assistant<|channel|>analysis": "<|channel|>final<|message|>",
    "<|channel>thought": "<channel|>",
    "<unused94>thought": "<unused95>",
    '<details type="reasoning"': "</details>",
}
"""What opens thoughts of models whose server leaves their marks in the text -> what closes them, in small letters."""

BEGINNINGS = frozenset({"<", *(mark[0] for mark in MARKS)})
"""Letters that one of them may begin with."""


@lru_cache(maxsize=16)
def list_closings(space: str = "") -> tuple[str, ...]:
    """The closing tags of thoughts in a namespace."""
    return tuple(f"</{space}{tag}>" for tag in TAGS)


class Thoughts:
    """The state between two pieces of one answer's visible text."""

    __slots__ = ("_closings", "_pending", "_state", "settled")

    def __init__(self) -> None:
        self._state: Literal["start", "inside", "closed", "outside"] = "start"
        self._closings = list_closings()
        """What ends the thoughts."""
        self._pending = ""
        """The end of the text so far, where it may be the beginning of a mark."""
        self.settled = False
        """Text without a "<" can change nothing now."""

    def take(self, text: str) -> Sight:
        """What the next piece of text is to a reader, as a whole: visible if any of it is."""
        sight = self._take(text)
        tagged = self._state == "outside" or (self._state == "inside" and self._closings[0][0] == "<")
        self.settled = tagged and not self._pending
        return sight

    def _take(self, text: str) -> Sight:
        text, self._pending = self._pending + text, ""
        if self._state == "start":
            return self._begin(text)
        if self._state == "closed":
            return self._wait_for_text(text)
        if self._state == "outside" and "<" not in text:
            return "visible"
        was_inside, end = self._state == "inside", _find_end(text, self._closings)
        if end is None:
            self._pending = _find_beginning(text, self._closings)
            return "hidden" if was_inside else "visible"
        self._state, self._closings = "closed", list_closings()
        after = self._wait_for_text(text[end:])
        return after if was_inside else "uncertain"

    def _begin(self, text: str) -> Sight:
        start = text.lstrip()
        if start and start[0] not in BEGINNINGS:
            self._state = "outside"
            return self._take(text)
        if (tag := OPENING_TAG.match(start)) is not None:
            return self._open(start[tag.end() :], list_closings((tag["space"] or "").lower()))
        small = start.lower()
        if (end := _find_end(small, self._closings)) is not None and small[:end] in self._closings:
            self._state = "closed"  # opened by the server, and nothing of them was text
            return self._wait_for_text(start[end:])
        for opening, closing in MARKS.items():
            if small.startswith(opening):
                return self._open(start[len(opening) :], (closing,))
        if BEGUN_TAG.fullmatch(start) or any(mark.startswith(small) for mark in (*MARKS, *self._closings)):
            self._pending = text  # also nothing but blanks
            return "undecided"
        self._state = "outside"
        return self._take(text)

    def _open(self, rest: str, closings: tuple[str, ...]) -> Sight:
        self._state, self._closings = "inside", closings
        return self._take(rest)

    def _wait_for_text(self, text: str) -> Sight:
        if not text.strip():
            return "hidden"
        self._state = "outside"
        return self._take(text)


def _find_end(text: str, marks: tuple[str, ...]) -> int | None:
    """Where the first of some marks ends in a text, None where none stands in it."""
    small = text.lower()
    return min(((begin, begin + len(mark)) for mark in marks if (begin := small.find(mark)) >= 0), default=(0, None))[1]


def _find_beginning(text: str, marks: tuple[str, ...]) -> str:
    """The end of a text that may be the beginning of a mark, else ""."""
    end = text[1 - max(map(len, marks)) :].lower()
    found = next((at for at in range(len(end)) if any(mark.startswith(end[at:]) for mark in marks)), len(end))
    return text[len(text) - len(end) + found :]


def drop_thoughts(text: str) -> str:
    """A whole text without the thoughts between marks; of thoughts that were not closed nothing is left."""
    start = text.lstrip()
    tag, small = OPENING_TAG.match(start), start.lower()
    opening = next((mark for mark in MARKS if small.startswith(mark)), None)
    if tag is not None:
        closings = list_closings((tag["space"] or "").lower())
    else:
        closings = list_closings() if opening is None else (MARKS[opening],)
    end = _find_end(start, closings)
    if end is None:
        return text if tag is None and opening is None else ""
    return start[end:].lstrip()
