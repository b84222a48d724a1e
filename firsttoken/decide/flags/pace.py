"""Whether an SLO of a pace can be held against answers at all: without usage, or held back, none has a known one.

Rule: an answer whose pace is unknown neither meets nor misses a limit on it, and more of such answers do not help.
"""

from firsttoken.decide.flags.flag import Evidence, Rule, show
from firsttoken.decide.measure.window_data import WindowData

MOST_UNKNOWN = 0.01
"""Of the answers may have no known pace, where a limit is set on it."""


def find_unknown_pace(data: WindowData) -> Evidence | None:
    """What shows that an SLO of a pace was undecided for answers that were whole; else None."""
    answered = data.requests.succeeded & data.measured
    unknown = int((answered & data.judged.undecided).sum())
    if "tpot_ms" not in data.slo.limits_ms or unknown <= MOST_UNKNOWN * answered.sum():
        return None
    last = data.requests.last[answered & data.judged.undecided]
    held_back = int(data.attempts.buffered[last].sum())
    causes = {"reported no usage": unknown - held_back, "came in one burst": held_back}
    return show(
        "The pace (slo.tpot) of {value} of answers is unknown, as they {causes}; more requests would not help.",
        unknown / int(answered.sum()), MOST_UNKNOWN, "share",
        causes=" or ".join(cause for cause, count in causes.items() if count),
    )  # fmt: skip


RULES = {
    "PACE_UNKNOWN": Rule(
        "a limit is set on the pace, and the pace of more than 1 % of the answers is unknown",
        "nothing",
        lambda facts: find_unknown_pace(facts.data),
        "a server that reports its usage and does not buffer streams, or an SLO without slo.tpot",
    )
}
