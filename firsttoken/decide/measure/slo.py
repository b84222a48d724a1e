"""The SLO: which requests meet it, how large their share is, and how many of them come a second.

Rule: a request meets the SLO when it succeeds and every limit that is set holds. Errors and failed requests miss
it, and so does an empty answer, one without a visible token or tool call, however soon it came. A request
that was cut off misses it once it is past a limit; before that it is unknown, and the share is given as bounds. One
that its own user stopped before it was past a limit is in no share: no user waited for the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from firsttoken.decide.measure.attempts import Bools, Requests
from firsttoken.decide.measure.latency import Latency
from firsttoken.scenario.slo import Slo


@dataclass(frozen=True)
class SloLimits:
    """The limits of the SLO, and the share of requests that must meet them."""

    limits_ms: Mapping[str, float]
    """Latency metric -> the most that it may be; only limits that are set."""
    share: float
    watched: bool = False
    """Whether it was checked during the measurement, which ended once it was decided."""


def read_slo(slo: Slo, *, watched: bool = False) -> SloLimits:
    """The SLO of a scenario; `watched`: see there."""
    return SloLimits(slo.limits_ms, slo.share, watched)


@dataclass(frozen=True, eq=False)
class Judged:
    """Whether each request met the SLO; one that neither met nor missed it was cut off too early."""

    met: Bools
    missed: Bools
    missed_by: Mapping[str, Bools]
    """Latency metric, "error" or "empty" -> the requests that missed it; a request may miss several."""
    excused: Bools
    """Stopped by their own user before they were past a limit: neither met nor missed, and in no share."""

    @property
    def undecided(self) -> Bools:
        return ~(self.met | self.missed | self.excused)


def judge_requests(requests: Requests, latencies: Mapping[str, Latency], slo: SloLimits) -> Judged:
    """Judge every request by the SLO."""
    missed_by: dict[str, Bools] = {"error": requests.gave_up, "empty": requests.empty}
    unknown = requests.unjudged.copy()
    for metric, limit_ms in slo.limits_ms.items():
        latency = latencies[metric]
        past = (latency.value > limit_ms) | (latency.floor > limit_ms)
        missed_by[metric] = past & ~requests.gave_up
        unknown |= ~np.isnan(latency.floor) & ~past
    missed = np.logical_or.reduce(list(missed_by.values()))
    return Judged(
        met=requests.succeeded & ~missed & ~unknown,
        missed=missed,
        missed_by=missed_by,
        excused=requests.stopped & ~missed,
    )
