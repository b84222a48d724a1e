"""What the attempts of one load process may spend: nothing is sent that the budget and the quota have no room for.

Rule: an attempt sets its worst case aside before it is sent, and gives back afterwards what it did not cost. Simulated
targets cost nothing and set nothing aside.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from firsttoken.catalogue import Source
from firsttoken.load.budget.cost import AnswerGauge, Cost, PromptGauge, estimate, is_possible, price_row, spent
from firsttoken.load.budget.ledger import Allowance
from firsttoken.load.budget.rate_share import QuotaShare
from firsttoken.row import Row


class BudgetLimiter:
    """The allowance of a process, and per target what its tokens cost and how much of its quota may be used."""

    def __init__(
        self,
        allowance: Allowance,
        prices: Mapping[str, Source | None],
        quotas: Mapping[str, QuotaShare],
        billed: Mapping[str, Source | None] | None = None,
    ) -> None:
        """`prices` has the targets that a budget bounds, None where no price is known; `quotas` those whose quota is
        shared; `billed` all that cost something, whether bounded or not: the same as `prices` unless said otherwise.
        """
        self.allowance = allowance
        self._prices = prices
        self._billed = prices if billed is None else billed
        self._quotas = quotas
        self._gauges = {target: PromptGauge() for target in prices}
        self._answers = {target: AnswerGauge() for target in prices}
        self._top_up: Callable[[], None] | None = None

    def connect_ledger(self, top_up: Callable[[], None]) -> None:
        """Say how the allowance is topped up, once the ledger of the run is known."""
        self._top_up = top_up

    def request_top_up(self) -> None:
        """Ask the ledger for more, where the allowance has refused a request."""
        if self._top_up is not None:
            self._top_up()

    def share_quotas(self, workers: int) -> None:
        """So many load processes share every quota from now on."""
        for quota in self._quotas.values():
            quota.workers = workers

    def bound_cost(self, target: str, words: int, output_tokens: int) -> Cost | None:
        """The most that an attempt can cost; None where it costs nothing."""
        if target not in self._prices:
            return None
        answer = self._answers[target].bound(output_tokens)
        return replace(estimate(self._gauges[target].bound(words), answer, self._prices[target]), output_tokens=answer)

    def find_quota(self, target: str) -> QuotaShare | None:
        """The share of a target's quota that may be used; None where all of it may be."""
        return self._quotas.get(target)

    def price_attempt(self, row: Row) -> int | None:
        """Nanodollars of an attempt by the server's own counts; None where its price is not known."""
        if row.target not in self._billed or row.input_tokens is None or row.output_tokens is None:
            return 0
        source = self._billed[row.target]
        if source is None or source.input is None or source.output is None:
            return None
        return price_row(row, source) if is_possible(row) else None

    def reconcile_attempt(self, row: Row, words: int, bound: Cost | None) -> None:
        """An attempt has ended."""
        if bound is None:
            return
        self.allowance.reconcile(bound, spent(row, self._prices[row.target], bound))
        self._gauges[row.target].record_prompt(words, row)
        if row.asked_output_tokens is not None:
            self._answers[row.target].record_answer(row.asked_output_tokens, row)
        if row.target in self._quotas:
            self._quotas[row.target].record_limits(row)
