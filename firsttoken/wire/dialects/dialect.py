"""What the dialects of streaming APIs have in common: how one is asked, and what one of its events can mean.

Rule: pure. A token is a non-empty delta of text, reasoning, refusal, tool call, audio or image; a role, an empty
string, an empty part, a null and what belongs to no answer are none. Chunks are never counted as tokens, only stamped.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from firsttoken.wire.fields.error_text import ServerError
from firsttoken.wire.fields.usage import Usage


class Meaning(NamedTuple):
    """What one event says: a token, the end, the usage, an error, several of them, or nothing."""

    token: Literal["visible", "hidden", "summary", "whole"] | None = None
    """Visible: text, refusal, tool call. Hidden: reasoning. Summary: of reasoning that itself is not streamed. Whole:
    the finished text or tool call once more, which is a token only where nothing of it was streamed."""
    finish: str | None = None
    usage: Usage | None = None
    error: ServerError | None = None


NOTHING = Meaning()
VISIBLE = Meaning(token="visible")
HIDDEN = Meaning(token="hidden")
SUMMARY = Meaning(token="summary")
WHOLE = Meaning(token="whole")
FOREIGN = Meaning(finish="")
"""An event that is not part of the answer: a keep-alive, or something that a gateway adds. Compared with NOTHING by
identity."""
TOKENS = (VISIBLE, HIDDEN, SUMMARY)
"""A token and nothing else. These and NOTHING are what nearly every event means: shared, a token costs no object."""


Prompt = str | Sequence[Mapping[str, str]]
"""What the user says, or the messages of a conversation, each with `role` and `content`."""


def list_messages(prompt: Prompt) -> list[Mapping[str, str]]:
    """A prompt as messages."""
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [*prompt]


class Dialect(NamedTuple):
    """One API: where it is asked, the body of a request, the reader of its events."""

    name: str
    path: str
    body: Callable[[str, Prompt, int | None, Mapping[str, object]], bytes]
    """(model, prompt, most output tokens or None, extra fields merged last) -> JSON."""
    read: Callable[[bytes, bytes], Meaning]
    """(data, name) of one event -> its meaning. Raises ProtocolError for what is not the dialect's."""
    read_text: Callable[[bytes], str]
    """The visible text in the data of such an event; "" where what is visible is no text."""
    sent: tuple[str, ...]
    """The fields of a request that FirstToken writes, as `body` does; the last one caps the length of the answer."""
    question: str
    """The one of them that holds the prompt, without which nothing is asked."""
    in_package: bool = False
    """Whether the openai package has a call for it, as `sdk/package` makes it."""

    @property
    def cap(self) -> str:
        """The field that caps the length of an answer."""
        return self.sent[-1]
