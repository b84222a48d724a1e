"""The cap on an answer's length: which field of a request sends it, and when an answer is past it. Pure.

Rule: a server may count a token or two its own way. What is past that shows that it does not keep the cap, and its
answers are as long as it likes.
"""

from firsttoken.scenario.target import Target
from firsttoken.wire.dialects import DIALECTS

OVER, SPARE = 1.05, 2.0
"""So many times the cap, and tokens more, may be a server's own way of counting."""
CAPS = tuple(dict.fromkeys(dialect.cap for dialect in DIALECTS.values()))
"""The fields that cap an answer, of any API."""


def find_most(cap: float) -> float:
    """The most tokens that an answer has whose server keeps this cap."""
    return OVER * cap + SPARE


def name_cap(target: Target) -> str:
    """The field that sends the cap to a target; empty where none is sent."""
    own = DIALECTS[target.api].cap
    if own not in target.omit or own in target.extra_body:
        return own
    return next((name for name in CAPS if name in target.extra_body), "")


def explain_excess(field: str) -> str:
    """Why answers are longer than was asked for, by the field that sent the cap."""
    return f"the server ignores {field}" if field else "the request has no cap (omit)"
