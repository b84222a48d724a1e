"""Measure until a figure is known well enough: the report's own interval, taken while the level still runs. Pure.

Rule: the interval is the one that the page will show, of the same values, by the same statistics. It is only believed
where the window is long enough to show how similar neighbours are; before that it would look narrower than it is. To
stop once an interval is narrow, unlike once it lies on one side of something, costs it nothing of its 95 % but at the
very first values (Chow & Robbins 1965, Annals of Mathematical Statistics 36, 457-462), which is what the least time is
for.

This file brings numpy and scipy into a load process: import it where a scenario asks for it, before the load begins.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firsttoken.load.control.slo import LatencyLimits, measure_request
from firsttoken.row import Row
from firsttoken.stats.effective import effective_size
from firsttoken.stats.quantile import quantile_interval


def read_metric(text: str) -> tuple[str, float]:
    """The latency and the quantile of a metric such as "ttft_p95": ("ttft_ms", 0.95)."""
    name, _, quantile = text.rpartition("_p")
    metric = f"{name}_ms"
    if metric not in LatencyLimits._fields or not quantile.isdigit():
        raise ValueError(f'expected a latency and a quantile such as "ttft_p95", got "{text}"')
    return metric, int(quantile) / 100


def find_value(metric: str, rows: Sequence[Row]) -> float | None:
    """What a request that ended adds to a latency's quantiles, in ms; None: nothing. The rows of its attempts in order.

    As in the report: infinite user-perceived latency for one that failed, and every other latency of successes only.
    """
    return measure_request(rows)[LatencyLimits._fields.index(metric)].value


def is_narrow(
    values: Sequence[float] | NDArray[np.float64],
    at_ns: Sequence[int] | NDArray[np.int64],
    window: tuple[int, int],
    q: float,
    within: float,
    request_ns: float,
) -> bool:
    """Whether the 95 % interval of the q-quantile is at most `within` times its value wide to either side.

    values: those of measured requests so far, infinite where none came, intended at at_ns; window: (from_ns, to_ns) of
    the measure phase so far; request_ns: the p95 of requests' end-to-end time. False while the interval lacks an end or
    the window 20 batches longer than a request. A hundred thousand values take 15 ms.
    """
    taken = np.asarray(values, dtype=np.float64)
    effective = effective_size(np.asarray(at_ns, dtype=np.int64), taken, window, request_ns, q)
    if not effective.estimated:
        return False
    figure = quantile_interval(taken, q, effective.n_eff)
    if figure.value is None or figure.lo is None or figure.hi is None or not math.isfinite(figure.hi):
        return False
    return (figure.hi - figure.lo) / 2 <= within * figure.value
