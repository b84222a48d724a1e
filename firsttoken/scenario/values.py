"""The kinds of value that a scenario holds: numbers with their bounds, words, durations, and how each is called.

Rule: what a value must look like, and the words in which a wrong one is refused, stand here once.
"""

from typing import Annotated

from msgspec import Meta

from firsttoken.decoding.duration import ABOVE_ZERO, DURATION
from firsttoken.error import FirstTokenError

_MARKS = (
    r"\u0300-\u034e\u0350-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0711-\u0df4"
    r"\u0e31-\u0fbc\u102b-\u109d\u135d-\u135f\u1712-\u17d3\u1a17-\u1cf9\u1dc0-\u1dff\u302a-\u302f\u3099\u309a\ua66f-\uabed"
)
"""Where the vowel signs and accents lie that letters of other scripts carry: to Python they are no part of a word."""
WORD_CHARACTERS = rf"\w{_MARKS}.+@:/-"
WORD = f"[{WORD_CHARACTERS}]+"
_NUMBER = r"(?=[0.]*[1-9])[0-9]+(\.[0-9]+)?"


class ScenarioError(FirstTokenError, ValueError):
    """A scenario that cannot be run as written; its text is the one sentence to show."""


def text_like(pattern: str, description: str) -> Meta:
    """The mark of a text that matches as a whole; a lone `$` would let a line break stand at its end."""
    return Meta(pattern=rf"^(?:{pattern})(?!\n)$", description=description)


Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
AtLeastZero = Annotated[float, Meta(ge=0)]
AboveZero = Annotated[float, Meta(gt=0)]
Status = Annotated[int, Meta(ge=400, le=599)]
Word = Annotated[str, text_like(WORD, "a word of letters, digits and . _ - + @ : /")]
OptionalWord = Annotated[str, text_like(f"({WORD})?", 'a word of letters, digits and . _ - + @ : /, or ""')]
FileWord = Annotated[str, text_like(rf"\w[\w{_MARKS}.-]*", "a word of letters, digits and . _ -")]
_PRINTABLE = r"(?=.*\S)[^\x00-\x1f\x7f-\x9f\u2028\u2029]+"
ModelId = Annotated[str, text_like(_PRINTABLE, "the id of a model: printable text, not empty")]
"""The name of a model at its server; it is sent unchanged."""
Duration = Annotated[str, text_like(DURATION, 'a duration such as "1.5s", "200ms", "2m" or "1h"')]
OptionalDuration = Annotated[str, text_like(f"({DURATION})?", 'a duration such as "90s" or "1h", or ""')]
Period = Annotated[str, text_like(ABOVE_ZERO, 'a duration above zero such as "60s"')]
Limit = Annotated[str, text_like(f"({ABOVE_ZERO})?", 'a duration above zero such as "1.5s", or ""')]
Span = Annotated[str, text_like(f"auto|{DURATION}", '"auto" or a duration such as "2s"')]
RampSpan = Annotated[
    str,
    text_like(
        f"auto|{DURATION}",
        '"auto" or a duration such as "2s" (the shape "ramp" is configured in [load.ramp_shape])',
    ),
]
Window = Annotated[str, text_like(f"auto|{ABOVE_ZERO}", '"auto" or a duration above zero such as "30s"')]
Variable = Annotated[
    str, text_like("([A-Z_][A-Z0-9_]*)?", 'the name of a variable in capitals such as "OPENAI_API_KEY"')
]
Level = Annotated[
    str, text_like(f"(users=[1-9][0-9]*|rate={_NUMBER})?", 'a level such as "users=32" or "rate=2.5", or ""')
]
