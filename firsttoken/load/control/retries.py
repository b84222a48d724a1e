"""Whether a failed attempt is tried again, and after how long: the policy, the budget of retries and the credit. Pure.

Rule: an account without credit is asked nothing again; a retry that the budget of retries has no room for is not made.
"""

import random
from collections.abc import Iterable

from firsttoken.load.control.credit import Credit
from firsttoken.plan.retry import RetryBudget, RetryPolicy, choose_backoff_ms
from firsttoken.row import SUCCESS, Row


class Retries:
    """The retries of one load process."""

    def __init__(self, policy: RetryPolicy, budget: RetryBudget, targets: Iterable[str], seed: str) -> None:
        """`seed` is that of the jitter of back-offs."""
        self._policy = policy
        self._budget = budget
        self._credits = {name: Credit() for name in targets}
        self._draw = random.Random(seed)

    def record_request(self) -> None:
        """Count a request, which gives the budget of retries its share of a retry."""
        self._budget.record_request()

    def choose_backoff_ms(self, row: Row, should_retry: bool | None) -> float | None:
        """Milliseconds until a finished attempt is tried again; None where it is not.

        should_retry: the advice of the server or the package, None where there was none.
        """
        if self._credits[row.target].is_spent(row) or row.outcome in SUCCESS:
            return None
        backoff_ms = choose_backoff_ms(self._policy, row, should_retry, self._draw.random())
        return backoff_ms if backoff_ms is not None and self._budget.allow() else None
