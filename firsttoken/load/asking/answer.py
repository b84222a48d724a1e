"""What a behaviour gets for a request: the answer's text and its conversation, how it went, and the row.

Rule: nothing here costs a request that is not read. A text is put together when it is first asked for, from events
that were kept only where the behaviour may read it.
"""

import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from firsttoken.error import FirstTokenError
from firsttoken.old_paths import OldImportWarning
from firsttoken.row import SUCCESS, Row
from firsttoken.traffic.conversation import Message
from firsttoken.wire.answer.answer_text import read_answer_text
from firsttoken.wire.dialects.dialect import Dialect


class TextNotKeptError(FirstTokenError, RuntimeError):
    """The text of an answer that was not kept."""


class Usage(NamedTuple):
    """Tokens as the server counted them; None where it did not say."""

    input: int | None
    cached: int | None
    """Of the input: read from the server's cache."""
    output: int | None
    reasoning: int | None
    """Of the output."""


class Answer:
    """What came of one request, whatever its retries: everything is that of its last attempt."""

    def __init__(
        self,
        row: Row,
        asked: Sequence[Message],
        dialect: Dialect,
        kept: list[bytes] | None,
        *,
        has_next_turn: bool = False,
    ) -> None:
        self.row = row
        """The row of the last attempt, as the run folder will hold it."""
        self.has_next_turn = has_next_turn
        """Whether another request of this user's session follows, as `turns` of [load] says."""
        self._asked = asked
        self._dialect = dialect
        self._kept = kept

    @property
    def ok(self) -> bool:
        """Whether the answer is whole: it ended by itself, or at the cap on its length."""
        return self.row.outcome in SUCCESS

    @property
    def ttft_s(self) -> float | None:
        """Seconds from the sending to the first token, reasoning included; None where none came."""
        row = self.row
        return None if row.sent_ns is None or row.first_token_ns is None else (row.first_token_ns - row.sent_ns) / 1e9

    @property
    def usage(self) -> Usage:
        """The tokens of the request, as the server counted them."""
        row = self.row
        return Usage(row.input_tokens, row.cached_tokens, row.output_tokens, row.reasoning_tokens)

    @cached_property
    def text(self) -> str:
        """What the user sees of the answer; "" where the request failed. Raises TextNotKeptError."""
        if self._kept is None:
            raise TextNotKeptError(
                "expected a text that was kept, got an answer to a drawn prompt, whose text is not; write "
                "keep_text = True in the class of the user to have it"
            )
        return read_answer_text(self._dialect, self._kept) if self.ok else ""

    @property
    def messages(self) -> list[Message]:
        """The conversation: the messages as they were sent, and this answer, unless the request failed.

        Raises TextNotKeptError.
        """
        said = self.text
        return [*self._asked, {"role": "assistant", "content": said}] if said else [*self._asked]

    def __getattr__(self, name: str) -> object:
        """A field of the row, which `ask()` returned until the last release. Raises AttributeError for others."""
        if name.startswith("_") or name not in Row.__struct_fields__:
            raise AttributeError(f"an answer has no {name!r}; it has text, messages, ok, ttft_s, usage and row")
        warnings.warn(
            f"ask() returns an Answer: read its row, as answer.row.{name}; answer.{name} works until the next release",
            OldImportWarning,
            stacklevel=2,
        )
        value: object = getattr(self.row, name)
        return value
