"""The difference of two figures that were measured apart, with an interval out of theirs.

MOVER, the method of variance estimates recovery (Zou and Donner 2008, Statistics in Medicine 27:1693): with x in
[l, u] and y in [m, v], y - x lies in

    [y - x - sqrt((y - m)^2 + (u - x)^2),  y - x + sqrt((v - y)^2 + (x - l)^2)]

which needs nothing of the two but their intervals, lopsided as those of quantiles are.
"""

import math

from firsttoken.stats.estimate import Estimate


def subtract(x: Estimate, y: Estimate) -> Estimate:
    """y - x of independent estimates, at the confidence of their intervals; n and n_eff are those of the smaller.

    Without a finite value on both sides there is no value, without both ends on both sides no interval.
    """
    n, n_eff = min(x.n, y.n), min(x.n_eff, y.n_eff)
    if x.value is None or y.value is None or not (math.isfinite(x.value) and math.isfinite(y.value)):
        return Estimate(None, None, None, n, n_eff)
    value = y.value - x.value
    if x.lo is None or x.hi is None or y.lo is None or y.hi is None:
        return Estimate(value, None, None, n, n_eff)
    lo = value - math.hypot(y.value - y.lo, x.hi - x.value)
    hi = value + math.hypot(y.hi - y.value, x.value - x.lo)
    return Estimate(value, lo, hi, n, n_eff)
