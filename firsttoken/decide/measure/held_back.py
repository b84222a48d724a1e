"""Which answers came in another way than they were written: compressed, or all at once.

Rule: a server or a proxy that holds answers back does so by what a client asks for. Two clients are compared only where
both got their answers alike; a level of which nothing was answered has no share.
"""

from collections.abc import Mapping

import numpy as np

from firsttoken.results.columns import Columns, ended_in
from firsttoken.row import SUCCESS

WHERE = f"phase = 'measure' AND {ended_in(SUCCESS)}"
"""SQL that is true of an answer that was measured."""
COLUMNS = ("target", "level", "compressed", "buffered")
"""What is read of such an answer."""
MOST_APART = 0.05
"""By so much of their answers two clients may differ and still be compared."""

HeldBack = Mapping[tuple[str, float], float]
"""Target and level -> the share of its answers that came compressed or in one burst."""


def find_held_back(columns: Columns) -> HeldBack:
    """The shares of every target and level, from measured answers with these COLUMNS."""
    held = np.asarray(columns["compressed"], dtype=np.bool_) | np.asarray(columns["buffered"], dtype=np.bool_)
    shares: dict[tuple[str, float], float] = {}
    for target in dict.fromkeys(columns["target"]):
        own = columns["target"] == target
        for level in np.unique(columns["level"][own]):
            shares[str(target), float(level)] = float(np.mean(held[own & (columns["level"] == level)]))
    return shares


def are_alike(shares: HeldBack, one: str, other: str, level: float) -> bool:
    """Whether the answers of two targets came alike at a level, as far as there were any."""
    return abs(shares.get((one, level), 0.0) - shares.get((other, level), 0.0)) <= MOST_APART
