"""What no attempt can be: rules over the marks and counts of a row, as a table of SQL predicates.

Rule: a row that breaks one is not repaired and not averaged: it is set aside, counted and named. A missing mark breaks
nothing. Where the connection died and the bytes were sent again (`resends`), connecting may come after `sent`, which
is the first send's. `uploaded` bounds no mark of the answer: a server may answer before it has read everything, and the
kernel may stamp the answer before a starved client gets round to note that its upload is done.
"""

from firsttoken.row import MOST_TOKENS

ANSWER = (
    "intended_ns", "sent_ns", "headers_ns", "first_event_ns", "first_token_ns", "first_visible_ns", "last_token_ns",
    "end_ns",
)  # fmt: skip
CONNECTING = ("connect_start_ns", "connected_ns", "sent_ns", "uploaded_ns")
COUNTS = (
    "resends", "attempt", "turn", "input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "events",
    "token_events", "bytes_received", "backoff_ms", "asked_input_tokens", "asked_output_tokens", "cache_write_tokens",
    "images", "tool_calls",
)  # fmt: skip


def _disorder(marks: tuple[str, ...]) -> str:
    """True where a mark lies before the latest of those that should precede it (greatest leaves NULLs out)."""
    pairs = (f"{mark} < greatest({', '.join(marks[:place])})" for place, mark in enumerate(marks) if place)
    return " OR ".join(pairs)


RULES: dict[str, str] = {
    "marks out of order": _disorder(ANSWER),
    "connection marks out of order": f"resends = 0 AND ({_disorder(CONNECTING)})",
    "first-token bracket reversed": "first_token_early_ns > first_token_ns OR first_token_early_ns < sent_ns",
    "a time before the run": " OR ".join(f"{mark} < 0" for mark in dict.fromkeys(ANSWER + CONNECTING)),
    "a negative count": " OR ".join(f"{count} < 0" for count in COUNTS),
    "more cached than input tokens": "cached_tokens + coalesce(cache_write_tokens, 0) > input_tokens",
    "more written to the cache than input tokens": "cache_write_tokens > input_tokens",
    "more reasoning than output tokens": "reasoning_tokens > output_tokens",
    "more tokens than an answer can have": f"greatest(input_tokens, output_tokens) > {MOST_TOKENS}",
    "a negative gap": "list_min(gaps_us) < 0",
    "a token without a sent request": "first_token_ns IS NOT NULL AND sent_ns IS NULL",
}
"""What is impossible, in words -> the predicate that is true of such a row, over the columns of a row."""

IMPOSSIBLE = " OR ".join(f"coalesce({predicate}, false)" for predicate in RULES.values())
"""True of a row that breaks any rule, never NULL."""

FIRST_BROKEN = (
    f"CASE {' '.join(f'WHEN {predicate} THEN {place}' for place, predicate in enumerate(RULES.values()))} END"
)
"""The place of the first rule that a row breaks; NULL where it breaks none."""
