"""How answers said that they had ended: unknown finish reasons, impossible counts, and lengths past their cap.

Rule: an unknown finish reason counts as success and is reported; where there are more than a few of them, who says that
answers are whole is a guess. An answer longer than its cap is whole, but no other can be held against it.
"""

import numpy as np

from firsttoken.decide.flags.flag import Evidence, Quantity, Rule, say, show
from firsttoken.decide.measure.answerers import Counts
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.measure.workload import WorkloadFacts
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
    return show(
        "{value} of answers ended with an unknown finish reason{named} and may not be complete; the bound is {bound}.",
        unknown / answers, MOST_UNKNOWN, "share", named=_name(data.reported.unknown_finishes),
    )  # fmt: skip


def _name(words: Counts) -> str:
    """Those reasons in brackets, the most frequent first; empty where none was kept."""
    named = [f'"{word}"' for word in list(words)[:MOST_NAMED]]
    more = [f"{len(words) - MOST_NAMED} more"] if len(words) > MOST_NAMED else []
    return f" ({', '.join([*named, *more])})" if named else ""


def find_impossible_usage(data: WindowData) -> Evidence | None:
    """What shows that servers reported impossible or contradictory token counts; else None."""
    chosen = data.attempts.measured & data.attempts.succeeded
    answers, impossible = int(chosen.sum()), int((data.attempts.impossible_usage & chosen).sum())
    if not impossible:
        return None
    return show(
        "{impossible} of {answers} answers reported impossible token counts (negative, zero, or different from their "
        "own total): these counts are ignored, and tokens and dollars are uncertain.",
        impossible=impossible, answers=answers,
    )  # fmt: skip


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
    share = Quantity(float(over.mean()), "share")
    return show(
        "{which} have {had} tokens where {wanted} were requested: {excess}, and lengths are not comparable.",
        had, wanted, "tokens", which="Answers" if over.all() else say("{share} of answers", share=share),
        had=Quantity(had, "count"), wanted=Quantity(wanted, "count"), excess=explain_excess(workload.cap_key),
    )  # fmt: skip


RULES = {
    "UNKNOWN_FINISH": Rule(
        "more than 1 % of the answers ended with an unknown finish reason",
        "pass",
        lambda facts: find_unknown_finish(facts.data),
        "a server whose finish reasons say whether an answer is complete",
        shown="remark",
    ),
    "CAP_IGNORED": Rule(
        "answers are longer than the requested cap",
        "nothing",
        lambda facts: find_ignored_cap(facts.data, facts.workload),
        shown="remark",
    ),
    "USAGE_IMPOSSIBLE": Rule(
        "answers reported impossible token counts",
        "nothing",
        lambda facts: find_impossible_usage(facts.data),
        shown="remark",
    ),
}
