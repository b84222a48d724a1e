"""Time batches: a window cut into equal spans, each longer than a request, whose totals are nearly independent.

Requests that run at the same time share a queue and resemble each other, so n of them are worth fewer than n
independent ones. Spans longer than a request hardly overlap in what they measure: their spread shows the truth about
the mean (the method of batch means; Law, Simulation Modeling and Analysis, 5th ed., 9.5.3). Twenty to thirty are
enough: more gain next to nothing (Schmeiser 1982, Operations Research 30(3), 556-568).
"""

import numpy as np
from numpy.typing import NDArray

BATCHES = 20

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def batch_count(window: tuple[int, int], request_ns: float, most: int = BATCHES) -> int:
    """How many batches, up to `most`, the window (from_ns, to_ns) holds that are each longer than a request."""
    begin, end = window
    if end <= begin:
        return 0
    return most if request_ns <= 0 else int(min(most, (end - begin) // request_ns))


def batch_totals(times_ns: Ints | Floats, weights: Floats, window: tuple[int, int], batches: int) -> Floats:
    """The sum of weights in each of `batches` equal spans of the window; what lies outside it is left out."""
    begin, end = window
    times = np.asarray(times_ns)
    inside = (times >= begin) & (times < end)
    place = (times[inside] - begin) * batches // (end - begin)
    totals: Floats = np.bincount(place.astype(np.int64), weights=weights[inside], minlength=batches).astype(np.float64)
    return totals
