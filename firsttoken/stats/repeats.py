"""A figure over repeated runs: Student's t over the runs, never over the pooled requests.

Requests of one run share that run's luck, so thousands of them say nothing of the next run. With k runs the interval
is mean +- t(k-1) * s / sqrt(k) (Student 1908); a bootstrap over 3 runs would cover 72 % where it says 95 %.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import t

from firsttoken.stats.estimate import Estimate, nothing


def over_repeats(
    values: Sequence[float],
    pooled: float | None = None,
    confidence: float = 0.95,
    least: float = 0.0,
    most: float = math.inf,
) -> Estimate:
    """One figure per run -> the figure over all runs; n and n_eff are the number of runs.

    pooled: the figure over the rows of all runs together, where a mean would be wrong (quantiles are never averaged);
    the interval is then laid around it. least and most: what the figure cannot pass, as a time cannot be negative.
    One run, or an infinite one, has no interval.
    """
    runs = len(values)
    if runs == 0:
        return nothing()
    value = float(np.mean(values)) if pooled is None else pooled
    if runs == 1 or not np.isfinite([value, *values]).all():
        return Estimate(value, None, None, runs, float(runs))
    half = float(t.ppf((1 + confidence) / 2, runs - 1) * np.std(values, ddof=1) / math.sqrt(runs))
    return Estimate(value, max(least, value - half), min(most, value + half), runs, float(runs))
