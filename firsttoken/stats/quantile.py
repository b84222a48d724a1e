"""Quantiles with distribution-free intervals: two of the sample's own order statistics.

Rule: a quantile is a value that was observed (numpy's "inverted_cdf": the smallest x with a share q of the sample at
or below it), so it exists among infinities too, and no figure lies between two requests that were never sent.

The interval [x_(l), x_(u)] holds the true quantile with probability sum of Binomial(n, q).pmf(k) for k = l .. u-1
(David & Nagaraja, Order Statistics, 3rd ed., 7.1). Of all pairs that reach the confidence the narrowest is taken: the
binomial has one mode, so the ranks are those of its likeliest counts. Ranks run from 1 to n, so counts 0 and n can
never be covered, and the interval has two ends only where 1 - q^n - (1-q)^n >= confidence. At 95 % that is n >= 6 for
the median, 59 for p95 and 299 for p99.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from firsttoken.stats.estimate import Estimate, nothing

Floats = NDArray[np.float64]


def quantile(x: Floats, q: float) -> float:
    """The q-quantile of a non-empty sample: the order statistic of rank ceil(n q), infinities included."""
    place = _rank(len(x), q) - 1
    return float(np.partition(x, place)[place])


def quantile_interval(
    x: Floats,
    q: float,
    n_eff: float | None = None,
    confidence: float = 0.95,
    censored: NDArray[np.bool_] | None = None,
) -> Estimate:
    """The q-quantile of x with its interval; `n_eff` below n widens it as that many independent values would.

    x: values in any unit, infinity for what never came; nan is refused with ValueError. censored: marks the values
    that are only known to be at least x (cut off while they ran). They count as infinite, which can only raise the
    figure; where they alone make it infinite, because more than a share 1 - q of them lies above it, the result is a
    lower bound: `at_least`, with the cut-off times taken as if they were the end.
    """
    if np.isnan(x).any():
        raise ValueError("expected values without nan, got nan: leave out what has no value, or make it infinite")
    n = len(x)
    if n == 0:
        return nothing()
    n_eff = float(n) if n_eff is None else min(float(n_eff), float(n))
    place = _rank(n, q) - 1
    ranks = interval_ranks(math.floor(n_eff), q, confidence)
    lower, upper = (_stretch(rank, math.floor(n_eff), n) for rank in ranks or (place + 1, place + 1))
    lowest, highest = math.floor(lower) - 1, math.ceil(upper) - 1
    read = [lowest, place, highest]
    low = np.partition(x, read)
    high = low if censored is None else np.partition(np.where(censored, math.inf, x), read)
    at_least = bool(math.isinf(high[place]) and not math.isinf(low[place]))
    value = float(low[place] if at_least else high[place])
    if ranks is None:
        return Estimate(value, None, None, n, n_eff, at_least)
    return Estimate(value, min(float(low[lowest]), value), max(float(high[highest]), value), n, n_eff, at_least)


def interval_ranks(n: int, q: float, confidence: float = 0.95) -> tuple[int, int] | None:
    """The narrowest ranks (l, u), counted from 1, whose order statistics cover the q-quantile of n values.

    None where even the least and the greatest do not reach the confidence.
    """
    if n < 2:
        return None
    reach = math.ceil(12 * math.sqrt(n * q * (1 - q))) + 12  # beyond it no mass is left that a double could show
    counts = np.arange(max(1, int(n * q) - reach), min(n, int(n * q) + reach))
    mass = binom.pmf(counts, n, q)
    likeliest = np.argsort(-mass, kind="stable")
    needed = int(np.searchsorted(np.cumsum(mass[likeliest]), confidence)) + 1
    if needed > len(counts):
        return None
    chosen = counts[likeliest[:needed]]
    return int(chosen.min()), int(chosen.max()) + 1


def _rank(n: int, q: float) -> int:
    """ceil(n q), held within 1 .. n; the tiny slack keeps 0.95 * 20 at 19 whatever its last bit says."""
    return min(n, max(1, math.ceil(n * q - 1e-9)))


def _stretch(rank: int, few: int, many: int) -> float:
    """Where rank `rank` of `few` values lies among `many`, both at their mean position rank / (n + 1)."""
    return rank if few == many else min(many, max(1, rank * (many + 1) / (few + 1)))
