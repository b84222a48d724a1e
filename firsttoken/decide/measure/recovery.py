"""How soon a service comes back after a spike: the wait for the first word, before it and after.

    base       p95 of the user-perceived TTFT of the requests intended before the spike, with its 95 % interval
    back       p95 of those intended in a window is at most 10 % above the upper end of that interval
    recovery   from the end of the spike to the opening of the first window that is back

A window holds as long as 20 requests take at the rate of the base, at least 5 s, and slides by a quarter of a second.
A request that failed waits for ever; one that was cut off waits at least as long as it did.

Rule: without an interval of the base nothing can be said to be back, and what did not come back is known only to take
longer than was looked.
"""

from dataclasses import dataclass, replace

import numpy as np

from firsttoken.decide.measure.attempts import Floats
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.measure.workload import Spike
from firsttoken.stats.effective import effective_size
from firsttoken.stats.estimate import Estimate
from firsttoken.stats.quantile import quantile, quantile_interval

Q = 0.95
ABOVE = 0.10
IN_A_WINDOW, SHORTEST_S, STEP_S = 20, 5.0, 0.25
FEWEST = 5
"""Requests below which a window says nothing."""
MOST_STEPS = 4000


@dataclass(frozen=True, eq=False)
class Recovery:
    """One spike on one target. Times in seconds from the opening of the measure window, waits in ms."""

    target: str
    repeat: int | None
    spike: Spike
    base: Estimate
    window_s: float
    at_s: Floats
    """Where each window opens."""
    p95_ms: Floats
    """Of the user-perceived TTFT in each window; inf where requests failed, nan with too few requests."""
    took_s: float | None
    """From the spike's end until it was back; None where it was not, or that is unknown."""
    looked_s: float
    """For how long after the spike windows opened."""

    @property
    def worst_ms(self) -> float | None:
        """The highest p95 from the spike's beginning on; None where no window has one."""
        after = self.p95_ms[self.at_s >= self.spike.begins_s]
        return None if np.isnan(after).all() else float(np.nanmax(after))

    @property
    def limit_ms(self) -> float | None:
        """What the p95 of a window may be to be back; None where the base has no interval."""
        return None if self.base.lo is None or self.base.hi is None else (1 + ABOVE) * self.base.hi

    @property
    def estimate(self) -> Estimate:
        """The recovery in ms as a result: at least as long as was looked, where it did not come back."""
        n = self.base.n
        if self.limit_ms is None:
            return Estimate(None, None, None, n, float(n))
        took_s = self.looked_s if self.took_s is None else self.took_s
        return Estimate(1000 * took_s, None, None, n, float(n), at_least=self.took_s is None)


def find_recovery(data: WindowData, spike: Spike) -> Recovery:
    """The recovery of one stage whose measure window holds the whole profile of a spike."""
    [(opens, closes)] = data.windows
    at_s, waits_ms = _sort_waits(data, opens)
    before = at_s < spike.begins_s
    calm = (opens, opens + round(1e9 * spike.begins_s))
    known = effective_size(1e9 * at_s[before] + opens, waits_ms[before], calm, data.request_ns, Q)
    base = quantile_interval(waits_ms[before], Q, known.n_eff)
    rate = int(before.sum()) / spike.begins_s
    window_s = max(SHORTEST_S, IN_A_WINDOW / rate if rate else 0.0)
    length_s = (closes - opens) / 1e9
    starts = np.arange(0.0, max(0.0, length_s - window_s) + 1e-9, max(STEP_S, length_s / MOST_STEPS))
    p95_ms = slide(at_s, waits_ms, starts, window_s)
    looked_s = max(0.0, length_s - window_s - spike.ends_s)
    found = Recovery(data.target, data.repeat, spike, base, window_s, starts, p95_ms, None, looked_s)
    return replace(found, took_s=_find_end(found))


def _find_end(found: Recovery) -> float | None:
    if found.limit_ms is None:
        return None
    back = np.flatnonzero((found.at_s >= found.spike.ends_s) & (found.p95_ms <= found.limit_ms))
    return float(found.at_s[back[0]] - found.spike.ends_s) if len(back) else None


def read_waits(data: WindowData) -> Floats:
    """How long each request waited for its first word, retries inside, in ms; nan where it is unknown."""
    felt = data.latencies["felt_ttft_ms"]
    return np.where(np.isnan(felt.value), felt.floor, felt.value)


def _sort_waits(data: WindowData, opens: int) -> tuple[Floats, Floats]:
    """When each measured request was intended, in seconds from the window's opening, and its wait, by time."""
    waits = read_waits(data)
    known = data.measured & ~np.isnan(waits)
    at_s = (data.requests.intended_ns[known] - opens) / 1e9
    order = np.argsort(at_s, kind="stable")
    return at_s[order], waits[known][order]


def slide(at_s: Floats, values: Floats, starts: Floats, window_s: float) -> Floats:
    """The p95 of the values whose time lies in each [start, start + window_s); times ascend; nan with too few."""
    first = np.searchsorted(at_s, starts, "left")
    last = np.searchsorted(at_s, starts + window_s, "left")
    return np.array(
        [quantile(values[a:b], Q) if b - a >= FEWEST else np.nan for a, b in zip(first, last, strict=True)],
        dtype=np.float64,
    )
