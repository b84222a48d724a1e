"""How answers said that they had ended: unknown finish reasons, impossible counts, and lengths past their cap.

Rule: an unknown finish reason counts as success and is told; where there are more than a few of them, who says that
answers are whole is a guess. An answer longer than its cap is whole, but no other can be held against it.
"""

from __future__ import annotations

import numpy as np

from firsttoken.decide.flags.evidence import Evidence
from firsttoken.decide.measure.answerers import Counts
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.measure.workload import WorkloadFacts
from firsttoken.decide.words.units import write_count, write_share
from firsttoken.plan.length_cap import OVER, SPARE, explain_excess

MOST_UNKNOWN = 0.01
"""Of a level's answers may end with an unknown finish reason."""
MOST_OVER = 0.05
"""Of the answers that may be longer than their cap."""
MOST_NAMED = 3


def find_unknown_finish(data: WindowData) -> Evidence | None:
    """What shows that more than a few answers ended for an unknown reason; else None."""
    chosen = data.attempts.measured & data.attempts.succeeded
    answers, unknown = int(chosen.sum()), int((data.attempts.unknown_finish & chosen).sum())
    if unknown <= MOST_UNKNOWN * answers:
        return None
    share, named = unknown / answers, _name(data.told.unknown_finishes)
    words = (
        f"{write_share(share)} of answers ended with an unknown finish reason{named} and may not be whole; "
        f"the bound is {write_share(MOST_UNKNOWN)}."
    )
    return Evidence(words, share, MOST_UNKNOWN)


def _name(words: Counts) -> str:
    """Those reasons in brackets, the most frequent first; empty where none was kept."""
    named = [f'"{word}"' for word in list(words)[:MOST_NAMED]]
    more = [f"{len(words) - MOST_NAMED} more"] if len(words) > MOST_NAMED else []
    return f" ({', '.join([*named, *more])})" if named else ""


def find_impossible_usage(data: WindowData) -> str | None:
    """What shows that servers told counts of tokens that cannot be, or that contradict each other; else None."""
    chosen = data.attempts.measured & data.attempts.succeeded
    answers, impossible = int(chosen.sum()), int((data.attempts.impossible_usage & chosen).sum())
    if not impossible:
        return None
    return (
        f"{impossible:,} of {answers:,} answers told impossible counts of tokens (negative, none for an answer that "
        "came, or apart from their own total): what cannot be is left out, and tokens and dollars are uncertain."
    )


def find_ignored_cap(data: WindowData, workload: WorkloadFacts) -> Evidence | None:
    """What shows that the server does not keep the cap on an answer's length; else None.

    Hidden reasoning is not held against it: some servers count it under the cap, others beside it.
    """
    attempts = data.attempts
    chosen = attempts.measured & attempts.succeeded
    written = (attempts.output_tokens - np.nan_to_num(attempts.reasoning_tokens))[chosen]
    cap = attempts.asked_output_tokens[chosen]
    known = ~np.isnan(written) & ~np.isnan(cap)
    over = written[known] > OVER * cap[known] + SPARE
    if not known.any() or float(over.mean()) <= MOST_OVER:
        return None
    had, wanted = float(np.median(written[known][over])), float(np.median(cap[known][over]))
    which = "Answers" if over.all() else f"{write_share(float(over.mean()))} of answers"
    words = (
        f"{which} have {write_count(had)} tokens where {write_count(wanted)} were asked: "
        f"{explain_excess(workload.cap_key)}, and lengths are not comparable."
    )
    return Evidence(words, had, wanted)
