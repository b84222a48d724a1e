"""What the dialects of streaming APIs have in common: how one is asked, and what one of its events can mean.

Rule: pure. A token is a non-empty delta of text, reasoning, refusal or tool call; a role, an empty string, a null and
a field we do not know are none. Chunks are never counted as tokens, only stamped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple


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
