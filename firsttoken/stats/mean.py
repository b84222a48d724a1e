"""A mean of all that there is, without an interval."""

import numpy as np
from numpy.typing import NDArray

from firsttoken.stats.estimate import Estimate, exact, nothing


def mean_of(values: NDArray[np.float64]) -> Estimate:
    """A plain mean; nothing where there are no values."""
    return exact(float(values.mean()), len(values)) if len(values) else nothing()
