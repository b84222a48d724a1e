"""Which field of a request a server refused, by the server's words: what to write for a request without it.

Rule: pure. A field counts as named only as a whole word, in a message about the field and not about its
value: a number that is too large is no reason to leave a field out.
"""

import re
from collections.abc import Iterable

from firsttoken.row import Row
from firsttoken.scenario.target import Target
from firsttoken.wire.dialects import DIALECTS

WORDS_OF_PROSE = frozenset({"model", "messages", "input", "prompt", "stream"})
"""Fields whose names may occur in any error as ordinary words."""
ABOUT_A_VALUE = re.compile(
    r"too (large|long|small|high|low|many)|at (most|least)|exceed|maximum|minimum|out of range"
    r"|(less|greater|more|larger|smaller) than|must be (a|an|one|between|positive|of type|>|<)\b",
    re.IGNORECASE,
)
PARTS = {"include_usage": "stream_options"}
"""What stands inside a field of ours -> the field."""


def find_refused_field(row: Row, target: Target) -> str:
    """How to leave out the field that an answer says it will not have; empty where it names none."""
    if row.outcome != "http_4xx" or not row.error:
        return ""
    ours = [name for name in DIALECTS[target.api].sent if name not in (*target.omit, *target.extra_body)]
    field = name_field(row.error, [*ours, *PARTS, *target.extra_body])
    field = PARTS.get(field or "", field)
    if field is None:
        return ""
    if field in target.extra_body:
        return f"it names {field}, which extra_body of the target sends: remove it there"
    instead = ""
    if field == "max_completion_tokens":
        instead = ", and where the server knows max_tokens, extra_body = { max_tokens = 128 }"
    return f'it names {field}, which FirstToken sends: leave it out with omit = ["{field}"] in its [[target]]{instead}'


def name_field(words: str, sent: Iterable[str]) -> str | None:
    """The first of the fields that were sent that a server's words name; None where they name none."""
    if ABOUT_A_VALUE.search(words):
        return None
    fields = [name for name in sent if name not in WORDS_OF_PROSE]
    named = [name for name in fields if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words)]
    return min(named, key=words.index, default=None)
