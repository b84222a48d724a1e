"""How long a prompt or an answer is: a fixed number of tokens, or lognormal by its median and 95th percentile.

Rule: a drawn length is a pure function of a number between 0 and 1, so that the caller's seed decides.
"""

import math
from statistics import NormalDist

Length = int | tuple[float, float]
"""A fixed number of tokens, or (median, p95) of a lognormal."""

_NORMAL = NormalDist()
_Z95 = _NORMAL.inv_cdf(0.95)
_LEAST = 1e-9
"""The quantile of 0 is minus infinity: below this, a number between 0 and 1 counts as this."""


def draw_length(length: Length, u: float) -> int:
    """The quantile `u` (0 <= u < 1) of a length, in whole tokens and at least 1."""
    if isinstance(length, int):
        return length
    median, p95 = length
    return max(1, round(median * math.exp(_sigma(median, p95) * _NORMAL.inv_cdf(max(u, _LEAST)))))


def mean_length(length: Length) -> float:
    """The mean in tokens. A lognormal's lies above its median: mean = median * exp(sigma^2 / 2)."""
    if isinstance(length, int):
        return float(length)
    median, p95 = length
    return median * math.exp(_sigma(median, p95) ** 2 / 2)


def share_above(length: Length, bound: float) -> float:
    """The share of lengths that are above a bound."""
    median, p95 = (length, length) if isinstance(length, int) else length
    if median == p95 or bound <= 0:
        return float(median > bound)
    return 1.0 - _NORMAL.cdf(math.log(bound / median) / _sigma(median, p95))


def _sigma(median: float, p95: float) -> float:
    """The standard deviation of the logarithm: p95 = median * exp(1.6449 sigma)."""
    return math.log(p95 / median) / _Z95
