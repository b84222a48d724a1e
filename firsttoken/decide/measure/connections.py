"""How connections were kept: attempts that found theirs open, and those under which it died and that were sent again.

Rule: a clock of an attempt that was sent again starts at the first sending, so that what a server's closing costs its
users is in their results; here it is counted.
"""

from dataclasses import dataclass

import numpy as np

from firsttoken.results.columns import Columns
from firsttoken.stats.quantile import quantile

WHERE = "sent_ns IS NOT NULL AND connection_reused IS NOT NULL"
"""SQL that is true of an attempt that was sent."""
COLUMNS = ("target", "connection_reused", "resends", "address_failed", "sent_ns", "first_token_ns")
"""What is read of such an attempt."""


@dataclass(frozen=True, kw_only=True)
class Connections:
    """The connections of one target's attempts, those of every phase."""

    sent: int
    """Attempts that were sent."""
    reused: int
    """Of them on a connection that another had left open."""
    resent: int
    """Of them those under which such a connection died, and that were sent again on a new one."""
    detoured: int
    """Of them those before which another address of the host name refused or did not answer."""
    ttft_ms: float | None
    """The median time to the first token of those that were sent once; None where none came."""
    resent_ttft_ms: float | None
    """The same of those that were sent again."""


def count_connections(columns: Columns) -> dict[str, Connections]:
    """Target -> its connections, from attempts that were sent, with these COLUMNS."""
    resent = columns["resends"] > 0
    reused = np.asarray(columns["connection_reused"] == True, dtype=np.bool_)  # noqa: E712 - of objects, one by one
    waits = (columns["first_token_ns"] - columns["sent_ns"]) / 1e6
    found = {}
    for target in dict.fromkeys(columns["target"]):
        own = columns["target"] == target
        found[str(target)] = Connections(
            sent=int(own.sum()),
            reused=int((own & reused).sum()),
            resent=int((own & resent).sum()),
            detoured=int((own & np.asarray(columns["address_failed"], dtype=np.bool_)).sum()),
            ttft_ms=_median(waits[own & ~resent]),
            resent_ttft_ms=_median(waits[own & resent]),
        )
    return found


def _median(waits: np.ndarray) -> float | None:
    known = waits[~np.isnan(waits)]
    return quantile(known, 0.5) if len(known) else None
