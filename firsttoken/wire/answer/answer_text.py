"""The visible text of a whole answer, from the events that held it.

Rule: pure. Thoughts that a model writes into its text, between marks that thoughts.py knows, are no part of it; nor is
reasoning that has a field or an event of its own, whose events were never kept.
"""

from collections.abc import Iterable

from firsttoken.wire.answer.thoughts import drop_thoughts
from firsttoken.wire.dialects.dialect import Dialect


def read_answer_text(dialect: Dialect, events: Iterable[bytes]) -> str:
    """The text in the data of these events, in their order, without thoughts."""
    return drop_thoughts("".join(map(dialect.read_text, events)))
