"""Whether an SLO of a pace can be held against answers at all: without usage, or held back, none has a known one.

Rule: an answer whose pace is unknown neither meets nor misses a limit on it, and more of such answers tell no more.
"""

from __future__ import annotations

from firsttoken.decide.flags.evidence import Evidence
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.words.units import write_share

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
    share = unknown / int(answered.sum())
    words = (
        f"The pace (slo.tpot) of {write_share(share)} of answers is unknown, as they "
        f"{' or '.join(cause for cause, count in causes.items() if count)}; more of them would tell no more."
    )
    return Evidence(words, share, MOST_UNKNOWN)
