"""The part of a run that one load process drives: its targets and journal, and the parts that share its state.

Rule: all of it lives on one gevent hub; each part keeps its own state and is changed only by its own verbs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from firsttoken.load.control.retries import Retries
from firsttoken.load.session.admission import Admission
from firsttoken.load.session.budget_queue import BudgetQueue
from firsttoken.load.session.cancellation import Cancellation
from firsttoken.load.session.living_users import LivingUsers
from firsttoken.load.session.session_counters import SessionCounters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from firsttoken.load.budget.limiter import BudgetLimiter
    from firsttoken.load.control.counting import ValueOf
    from firsttoken.load.control.slo import LatencyLimits
    from firsttoken.load.session.journal import Recorder
    from firsttoken.load.session.run_clock import RunClock
    from firsttoken.load.session.target import LiveTarget
    from firsttoken.plan.retry import RetryBudget, RetryPolicy
    from firsttoken.row import Row


@dataclass(frozen=True, kw_only=True)
class SessionRules:
    """What the scenario sets for every request of a run."""

    think_s: float
    """Seconds of think time after each task, unless the locustfile has its own."""
    limits: LatencyLimits
    """The SLO of a request."""
    retry_policy: RetryPolicy
    retry_budget: RetryBudget
    value_of: ValueOf | None = None
    """The value of a request that a level measures until it is known well enough; None where none is measured so."""


class Session:
    """One load process in one run."""

    def __init__(
        self,
        run_id: str,
        targets: Mapping[str, LiveTarget],
        recorder: Recorder,
        rules: SessionRules,
        limiter: BudgetLimiter,
        clock: RunClock,
        *,
        leads: bool = True,
    ) -> None:
        """`leads`: this process moves the clocks of its stages itself, as no master does."""
        self.run_id = run_id
        self.targets = targets
        self.recorder = recorder
        self.rules = rules
        self.limiter = limiter
        self.clock = clock
        self.users = LivingUsers()
        self.cancellation = Cancellation(targets, recorder)
        self.admission = Admission(self.users, self.cancellation, targets, clock, leads=leads)
        self.counters = SessionCounters(self.admission, targets, recorder, rules.limits, clock)
        self.retries = Retries(rules.retry_policy, rules.retry_budget, targets, run_id)
        self.budget_queue = BudgetQueue(limiter, self.admission, clock)
        self.is_over = False
        """The last stage has ended: Locust may stop its users."""

    def record_limits(self, probes: Mapping[str, Row]) -> None:
        """Record each target's quota from its answer before the load."""
        for target, row in probes.items():
            if quota := self.limiter.find_quota(target):
                quota.record_limits(row)

    def end_run(self) -> None:
        """Have Locust stop its users: no stage follows."""
        self.is_over = True
        self.recorder.flush()

    def close(self) -> None:
        """Close the connections and the journal."""
        for target in self.targets.values():
            target.client.close()
        self.recorder.close()
