"""What every statistic returns: a number with its interval, or with none where the data carry none.

Rule: an end that does not exist is None, never the value itself, and infinity is a value like any other: it is
what a request that failed has waited. No library is needed here: load processes and every command begin with it.
"""

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Estimate:
    """A figure, its interval, and how much data it rests on."""

    value: float | None
    """None where there are no data at all."""
    lo: float | None
    hi: float | None
    n: int
    n_eff: float
    """How many independent observations the n are worth."""
    at_least: bool = False
    """The truth is `value` or more: what was cut off in time hides the rest. Printed as ">= x"."""
    estimated: bool = False
    """A part of its count was estimated from the rest. Printed as "≈ x"."""

    @property
    def shown(self) -> bool:
        """Whether the interval has two ends: only then is the value printed, else "n/a (n = 37)"."""
        return self.lo is not None and self.hi is not None


def nothing(n: int = 0) -> Estimate:
    """The estimate of a figure for which there are no data."""
    return Estimate(value=None, lo=None, hi=None, n=n, n_eff=0.0)


def exact(value: float | None, n: int) -> Estimate:
    """A number that has no interval: a count, a mean of all that there is, an extreme."""
    return Estimate(value, None, None, n, float(n))


def between(least: float, most: float, n: int) -> Estimate:
    """What is known to lie between two ends, its middle as value; exact where they meet, no data where one is nan."""
    if math.isnan(least) or math.isnan(most):
        return nothing(n)
    return exact(least, n) if least == most else Estimate((least + most) / 2, least, most, n, float(n))


def scale(estimate: Estimate, factor: float) -> Estimate:
    """An estimate times a number that is known."""
    value, lo, hi = (None if end is None else end * factor for end in (estimate.value, estimate.lo, estimate.hi))
    return replace(estimate, value=value, lo=lo, hi=hi)
