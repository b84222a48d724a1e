"""Effective sample size: how many independent observations n neighbours in time are worth.

With totals S_b and counts n_b of k batches and the overall mean m = sum S_b / sum n_b, the variance of m is estimated
as that of a ratio, V = k/(k-1) * sum (S_b - m n_b)^2 / n^2 (Cochran, Sampling Techniques, 3rd ed., 6.3); independent
values would give s^2 / n. So n_eff = s^2 / V, shrunk by (z / t)^2 with k - 1 degrees of freedom because V is itself
estimated, and never above n: values that alternate earn no credit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from firsttoken.stats.batch import BATCHES, Floats, batch_count, batch_totals
from firsttoken.stats.quantile import quantile


@dataclass(frozen=True)
class Effective:
    """An effective sample size, and whether the window was long enough to estimate it."""

    n_eff: float
    batches: int
    estimated: bool
    """False: the window holds fewer than 20 batches longer than a request, so n_eff is n."""


def effective_size(
    times_ns: NDArray[np.int64] | Floats,
    values: Floats,
    window: tuple[int, int],
    request_ns: float,
    q: float | None = None,
) -> Effective:
    """The effective size of values taken at times_ns within the window (from_ns, to_ns).

    For a share, values are 0 and 1. For a quantile give q: what counts then is whether a value is at or below it, as
    neighbours may agree in the tail and not in the middle; values may be infinite. request_ns: how long a request
    lasts (its p95 end to end); batches are longer than that. Times outside the window count at its nearest end.
    """
    n = len(values)
    if n == 0:
        return Effective(0.0, 0, False)
    batches = batch_count(window, request_ns)
    if batches < BATCHES:
        return Effective(float(n), batches, False)
    counted = values if q is None else (values <= quantile(values, q)).astype(np.float64)
    mean, variance = float(counted.mean()), float(counted.var())
    if variance == 0:
        return Effective(float(n), batches, True)
    within = np.clip(np.asarray(times_ns, dtype=np.int64), window[0], window[1] - 1)
    totals = batch_totals(within, counted, window, batches)
    counts = batch_totals(within, np.ones(n), window, batches)
    of_mean = batches / (batches - 1) * float(np.sum((totals - mean * counts) ** 2)) / n**2
    shrink = (norm.ppf(0.975) / t.ppf(0.975, batches - 1)) ** 2
    n_eff = n if of_mean == 0 else min(n, shrink * variance / of_mean)
    return Effective(max(1.0, float(n_eff)), batches, True)
