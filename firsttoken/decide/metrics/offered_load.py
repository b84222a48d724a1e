"""What an open loop alone can tell: how many requests were due, how many of them were answered, how late they began.

Rule: a closed loop has no schedule, so it has none of these results.
"""

from __future__ import annotations

import numpy as np

from firsttoken.decide.flags.delivery import count_due, lateness_ms
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.stats.estimate import Estimate
from firsttoken.stats.quantile import quantile_interval

QUANTILES = (0.5, 0.95, 0.99)


def measure_arrivals(data: WindowData) -> dict[tuple[str, float | None], Estimate]:
    """Arrivals due and answers ended a second, arrivals dropped, lateness in ms; nothing in a closed loop."""
    if not data.by_rate:
        return {}
    late = lateness_ms(data)
    most = float(late.max()) if len(late) else None
    return {
        ("arrivals_rps", None): _count(count_due(data), 1 / data.seconds),
        ("answered_rps", None): _count(count_answered(data), 1 / data.seconds),
        ("dropped", None): _count(sum(stage.dropped_measured for stage in data.stages)),
        ("lateness_max_ms", None): Estimate(most, None, None, len(late), float(len(late))),
    } | {("lateness_ms", q): quantile_interval(late, q) for q in QUANTILES}


def count_answered(data: WindowData) -> int:
    """Requests of any phase whose answer was whole within the measure windows."""
    ended = data.requests.end_ns[data.requests.succeeded]
    return sum(int(np.count_nonzero((ended >= opens) & (ended < closes))) for opens, closes in data.windows)


def _count(count: int, per: float = 1.0) -> Estimate:
    return Estimate(count * per, None, None, count, float(count))
