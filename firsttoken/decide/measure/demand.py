"""The load that a demand needs, and which tested level offers it.

    users = requests/s x seconds that a request keeps a user busy      (Little 1961, Operations Research 9(3), 383-387)

Rule: a demand without a stated peak needs no level: the mean of a day is not a load that a service must survive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from firsttoken.scenario.format import Demand


@dataclass(frozen=True)
class Offer:
    """What one tested level offers."""

    level: float
    request_rps: float
    users_busy: float

    @property
    def busy_s(self) -> float:
        """How long a request keeps a user busy, by Little's law."""
        return self.users_busy / self.request_rps


@dataclass(frozen=True)
class Need:
    """What a peak needs."""

    rps: float
    """The peak with its headroom."""
    level: float | None
    """The lowest tested level that offers it; None: the ladder does not reach it."""
    users: float | None
    """By Little's law at the pace of that level, or of the highest tested one; None where nothing was measured."""


def find_need(demand: Demand | None, offers: Sequence[Offer]) -> Need | None:
    """The need of a demand's peak among tested levels in ascending order; None without a stated peak."""
    if demand is None or demand.peak_rps is None:
        return None
    rps = demand.peak_rps * (1 + demand.headroom)
    offering = [offer for offer in offers if offer.request_rps > 0]
    enough = next((offer for offer in offering if offer.request_rps >= rps), None)
    pace = enough or (offering[-1] if offering else None)
    return Need(rps, enough.level if enough else None, rps * pace.busy_s if pace else None)
