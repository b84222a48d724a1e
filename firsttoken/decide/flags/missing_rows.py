"""What rows do not tell: rows that are missing or impossible, and requests that were cut off before they ended.

Rule: what is missing may well be what failed, so a level with missing rows, or with rows set aside as impossible,
counts for nothing; what was cut off makes bounds of the figures that it touches.
"""

from __future__ import annotations

from collections.abc import Mapping

from firsttoken.decide.flags.client_limits import is_own_failure
from firsttoken.decide.flags.evidence import Evidence
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.metrics.value import MetricKey
from firsttoken.decide.words.units import write_share
from firsttoken.stats.estimate import Estimate

MOST_SET_ASIDE = 0.01
"""Of a level's attempts may be impossible, and so in no result."""


def find_lost_rows(data: WindowData) -> str:
    """What shows that the load or its journal is not whole, or nothing: what is missing may well be what failed."""
    lost = sum(stage.workers_lost for stage in data.stages)
    workers = f"{write_lost(lost)} lost in this stage." if lost else ""
    rows = f"Rows are missing: the journal is {data.missing:,} off the number of attempts that were started."
    return " ".join(filter(None, [workers, rows if data.missing else ""]))


def find_set_aside(data: WindowData) -> Evidence | None:
    """What shows that so many attempts are in no result, as they are impossible, that the level says little."""
    aside, kept = sum(data.told.set_aside.values()), int(data.attempts.measured.sum())
    if aside <= MOST_SET_ASIDE * (aside + kept):
        return None
    reasons = ", ".join(f"{rule} ({count:,})" for rule, count in data.told.set_aside.items())
    words = (
        f"{aside:,} of {aside + kept:,} measured attempts are impossible and set aside, in no result: "
        f"{reasons}; the bound is {write_share(MOST_SET_ASIDE)}."
    )
    return Evidence(words, aside / (aside + kept), MOST_SET_ASIDE)


def write_lost(workers: int) -> str:
    """ "1 load process was", "2 load processes were"."""
    return f"{workers} load process{'es were' if workers > 1 else ' was'}"


def find_censored(data: WindowData, results: Mapping[MetricKey, Estimate]) -> str:
    """What was cut off so early that a result is only a bound, or nothing."""
    if not any(result.at_least for result in results.values()):
        return ""
    ours, asked = is_own_failure(data), int(data.measured.sum())
    cut_off = int((data.requests.unjudged & data.measured & ~ours).sum())
    if not cut_off and not ours.any():
        return ""
    failed = f"; failed in the load process itself: {int(ours.sum())}" if ours.any() else ""
    cut = f"Cut off before they ended: {cut_off} of {asked} measured requests{failed}"
    return f"{cut}. Results that they touch are bounds."
