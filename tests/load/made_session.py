"""A session of a run in this process, for tests that bring targets of their own."""

from pathlib import Path
from typing import Any, cast

from firsttoken.load.budget.ledger import Allowance
from firsttoken.load.budget.limiter import BudgetLimiter
from firsttoken.load.control.slo import read_limits
from firsttoken.load.session.journal import Recorder
from firsttoken.load.session.session import Session
from firsttoken.plan.retry import RetryBudget, RetryPolicy
from firsttoken.scenario.format import Slo


def make_session(folder: Path, targets: dict[str, Any], max_retries: int = 2, origin_ns: int = 0) -> Session:
    """Promises nothing, spends nothing and waits 20 ms before a first retry."""
    return Session(
        run_id="run",
        targets=cast(Any, targets),
        policy=RetryPolicy(max_retries=max_retries, base_s=0.02),
        retries=RetryBudget(0),
        recorder=Recorder(folder, worker=0),
        origin_ns=origin_ns,
        think_s=0.0,
        limits=read_limits(Slo()),
        limiter=BudgetLimiter(Allowance(), prices={}, quotas={}),
    )
