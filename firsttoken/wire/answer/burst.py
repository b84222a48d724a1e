"""Whether the tokens of an answer came one by one, or all at once: something held them back then.

Rule: pure. A burst has two signs together: tokens closer to each other than any model writes them, and a wait
before them that was long beside all the time they took. Of few tokens nothing is said, for they may well come together.
"""

from firsttoken.row import BURST_TOKENS, Row

BURST_TOKEN_NS = 250_000
"""Tokens closer together than this, 4,000 a second in one stream, were not written so: something held them back ..."""
BURST_SHARE = 0.1
"""... where also the wait for the first was ten times as long as all the others took."""


def count_streamed(row: Row) -> int:
    """Tokens of an answer that can have been streamed: as the server counted, else as events held them."""
    return row.token_events if row.output_tokens is None else row.output_tokens - (row.reasoning_tokens or 0)


def is_burst(tokens: int, span_ns: int, waited_ns: int) -> bool:
    """Whether so many tokens came in a burst: the last so long after the first, which was waited for so long."""
    if tokens < BURST_TOKENS:
        return False
    return span_ns < BURST_TOKEN_NS * (tokens - 1) and span_ns < BURST_SHARE * waited_ns
