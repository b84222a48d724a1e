"""A session as a whole: it learns the quotas before the load, and says when it is over."""

from pathlib import Path

from firsttoken.load.budget.ledger import Allowance
from firsttoken.load.budget.limiter import BudgetLimiter
from firsttoken.load.budget.rate_share import QuotaShare
from firsttoken.row import Row
from tests.load.made_session import make_session


def test_what_a_target_said_of_its_quota_before_the_load_is_recorded(tmp_path: Path) -> None:
    quota = QuotaShare(0.5, 1)
    session = make_session(tmp_path, limiter=BudgetLimiter(Allowance(), prices={"a": None}, quotas={"a": quota}))
    probe = Row(target="a", ratelimit_limit_requests=60, end_ns=0, outcome="ok")

    session.record_limits({"a": probe, "b": probe})

    assert quota.wait_ns(0) == 0
    quota.charge(session.limiter.bound_cost("a", 1, 1), 0)
    assert quota.wait_ns(0) == 2_000_000_000


def test_a_run_that_is_over_has_its_journal_on_disk_and_its_connections_closed(tmp_path: Path) -> None:
    session = make_session(tmp_path)
    session.recorder.begin_attempt(Row(target="a"))

    session.end_run()
    session.close()

    assert session.is_over
    assert (tmp_path / "attempts" / "worker-0.jsonl").exists()
    assert session.targets["a"].client.is_closed
