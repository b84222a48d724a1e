"""Answers that no price is stated for, so that their cost is unknown."""

import numpy as np

from firsttoken.catalogue import Source
from firsttoken.decide.flags.flag import Evidence, Rule, join, show
from firsttoken.decide.measure.attempts import Attempts
from firsttoken.decide.measure.cost import is_off_tier


def find_unpriced(attempts: Attempts, source: Source | None) -> Evidence | None:
    """What answers cost that no price is known for, though the target has prices; else None."""
    reported = attempts.metered
    if source is None or source.input is None or source.output is None or not reported.any():
        return None
    off = is_off_tier(attempts.tier, source) & reported
    written = reported & (np.nan_to_num(attempts.cache_write_tokens) > 0)
    answers = int(reported.sum())
    found: list[Evidence] = []
    if off.any():
        found.append(
            show(
                "{off} of {answers} answers were served at another tier than the prices are for ({tier}); their "
                "cost is unknown.",
                off=int(off.sum()), answers=answers, tier=source.tier,
            )
        )  # fmt: skip
    if source.cache_write is None and written.any():
        found.append(
            show(
                "{written} of {answers} answers wrote to a cache, for which no price is stated ([target.price] "
                "cache_write); their cost is unknown.",
                written=int(written.sum()), answers=answers,
            )
        )  # fmt: skip
    return join(found)


RULES = {
    "PRICE_UNKNOWN": Rule(
        "no price is stated for some answers: dollars are unknown",
        "nothing",
        lambda facts: find_unpriced(facts.data.attempts, facts.data.source),
        shown="warning",
    )
}
