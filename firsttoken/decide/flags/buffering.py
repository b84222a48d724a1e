"""Whether answers were streams: one that came whole, or in one burst, was held back on its way, and shows no pace.

Rule: what was held back says when it was let go, not how fast it was made. Answers of few tokens are left out: they
may well fit into what a network sends at once.
"""

import numpy as np

from firsttoken.decide.flags.flag import Evidence, Rule, show
from firsttoken.decide.measure.latency import streamed_tokens
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.row import BURST_TOKENS

MOST_BUFFERED = 0.05
"""Of the answers: beyond it the slow end of the pace of the others is not that of 95 in 100 users."""


def find_buffered(data: WindowData) -> Evidence | None:
    """What shows that more than a few of the measured answers were held back; else None."""
    attempts = data.attempts
    chosen = attempts.measured & attempts.answered & ~(streamed_tokens(attempts) < BURST_TOKENS)
    if not chosen.any():
        return None
    share = float(np.mean(attempts.buffered[chosen]))
    if share <= MOST_BUFFERED:
        return None
    return show(
        "{value} of answers came whole or in one burst: the server, or a proxy that buffers or compresses, delays "
        "the streams. TTFT then shows when the buffer was sent, and TPOT is unknown.",
        share, MOST_BUFFERED, "share",
    )  # fmt: skip


RULES = {
    "BUFFERED": Rule(
        "more than 5 % of the answers came whole or in one burst, though they are streams",
        "pass",
        lambda facts: find_buffered(facts.data),
        "a connection to the server without buffering and compression",
        shown="remark",
    )
}
