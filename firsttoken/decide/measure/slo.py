"""The promise: which requests keep it, how large their share is, and how many of them come a second.

Rule: a request keeps the promise when it succeeds and every limit that is set holds. Errors and give-ups break it,
and so does an answer that is empty: without a visible token or tool call nothing was given, however soon. A request
that was cut off breaks it once it is past a limit; before that nobody knows, and the share is given as bounds. One that
its own user stopped before it was past a limit is in no share: nobody waited for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from firsttoken.decide.measure.attempts import Bools, Requests
from firsttoken.decide.measure.latency import Latency
from firsttoken.duration import parse_duration
from firsttoken.scenario.format import Slo

LIMITS = {"ttft": "ttft_ms", "ttfo": "ttfo_ms", "felt_ttft": "felt_ttft_ms", "tpot": "tpot_ms", "e2e": "e2e_ms"}
"""Key of [slo] -> the latency that it limits."""


@dataclass(frozen=True)
class Promise:
    """What every request is promised, and how many requests must get it."""

    limits_ms: Mapping[str, float]
    """Latency metric -> the most that it may be; only limits that are set."""
    share: float
    watched: bool = False
    """Whether it was looked at while it was measured, and measuring ended once it was decided."""


def read_promise(slo: Slo, *, watched: bool = False) -> Promise:
    """The promise of a scenario; `watched`: see there."""
    limits = {metric: getattr(slo, key) for key, metric in LIMITS.items()}
    set_ms = {metric: 1000 * parse_duration(text) for metric, text in limits.items() if text}
    return Promise(set_ms, slo.share, watched)


@dataclass(frozen=True, eq=False)
class Judged:
    """What became of the promise, request by request; one neither kept nor broken was cut off too early to tell."""

    kept: Bools
    broken: Bools
    broken_by: Mapping[str, Bools]
    """Latency metric, "error" or "empty" -> the requests that broke on it; a request may break on several."""
    excused: Bools
    """Stopped by their own user before they were past a limit: neither kept nor broken, and in no share."""

    @property
    def undecided(self) -> Bools:
        return ~(self.kept | self.broken | self.excused)


def judge_requests(requests: Requests, latencies: Mapping[str, Latency], promise: Promise) -> Judged:
    """Hold every request against the promise."""
    broken_by: dict[str, Bools] = {"error": requests.gave_up, "empty": requests.empty}
    unknown = requests.unjudged.copy()
    for metric, limit_ms in promise.limits_ms.items():
        latency = latencies[metric]
        past = (latency.value > limit_ms) | (latency.floor > limit_ms)
        broken_by[metric] = past & ~requests.gave_up
        unknown |= ~np.isnan(latency.floor) & ~past
    broken = np.logical_or.reduce(list(broken_by.values()))
    return Judged(
        kept=requests.succeeded & ~broken & ~unknown,
        broken=broken,
        broken_by=broken_by,
        excused=requests.stopped & ~broken,
    )
