"""What the attempts of one load process may spend: nothing is sent that the budget and the quota have no room for.

Rule: an attempt sets its worst case aside before it is sent, and gives back afterwards what it did not cost. Simulated
targets cost nothing and set nothing aside.
"""

from __future__ import annotations

from collections.abc import Mapping

from firsttoken.catalogue import Source
from firsttoken.load.budget import Purse
from firsttoken.load.cost import Cost, PromptGauge, estimate, spent
from firsttoken.load.quota import QuotaShare
from firsttoken.row import Row


class Spending:
    """The purse of a process, and per target what its tokens cost and how much of its quota may be used."""

    def __init__(self, purse: Purse, prices: Mapping[str, Source | None], quotas: Mapping[str, QuotaShare]) -> None:
        """`prices` has the targets that count, None where no price is known; `quotas` those whose quota is shared."""
        self.purse = purse
        self._prices = prices
        self._quotas = quotas
        self._gauges = {target: PromptGauge() for target in prices}

    def share_quotas(self, workers: int) -> None:
        """So many load processes share every quota from now on."""
        for quota in self._quotas.values():
            quota.workers = workers

    def bound(self, target: str, words: int, output_tokens: int) -> Cost | None:
        """The most that an attempt can cost; None where it costs nothing."""
        if target not in self._prices:
            return None
        return estimate(self._gauges[target].bound(words), output_tokens, self._prices[target])

    def quota(self, target: str) -> QuotaShare | None:
        """The share of a target's quota that may be used; None where all of it may be."""
        return self._quotas.get(target)

    def settle(self, row: Row, words: int, bound: Cost | None) -> None:
        """An attempt has ended."""
        if bound is None:
            return
        self.purse.settle(bound, spent(row, self._prices[row.target], bound))
        self._gauges[row.target].note(words, row)
        if row.target in self._quotas:
            self._quotas[row.target].note(row)
