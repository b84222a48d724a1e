"""What shows that a flag's rule holds: a sentence, and where one number decides, that number and its bound."""

from __future__ import annotations

from typing import NamedTuple


class Evidence(NamedTuple):
    """The sentence that a reader gets, and the number in it that passed a bound."""

    words: str
    value: float | None = None
    bound: float | None = None
