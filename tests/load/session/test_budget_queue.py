"""Waiting for room: the quota's line has one head, and a request that its user ends waits for nothing more."""

from firsttoken.load.budget.ledger import Allowance, Ledger
from firsttoken.load.budget.limiter import BudgetLimiter
from firsttoken.load.budget.rate_share import QuotaShare
from firsttoken.load.session.session import Session
from firsttoken.row import Row
from firsttoken.scenario.format import Budget
from tests.load.made_session import add_users, begin_stage, make_session, send_one
from tests.load.virtual_clock import settle


def fill(limiter: BudgetLimiter, session: Session, requests: int = 100) -> None:
    """Connect the allowance to a ledger with so many requests left."""
    ledger = Ledger(Budget(requests=requests))

    def top_up() -> None:
        if top_up := limiter.allowance.write_top_up(session.clock.now_ns()):
            limiter.allowance.add_grant(ledger.answer_top_up(0, top_up))

    limiter.connect_ledger(top_up)


def test_a_request_asks_the_ledger_at_once_and_need_not_wait_for_its_answer(tmp_path) -> None:
    limiter = BudgetLimiter(Allowance(), prices={"a": None}, quotas={})
    session = make_session(tmp_path, limiter=limiter)
    fill(limiter, session)
    add_users(session, "a")
    begin_stage(session)

    request = send_one(session)
    settle()

    assert [(row.sent_ns, row.checks) for row in request.value] == [(0, [])]


def test_a_request_that_its_user_ends_while_it_waits_asks_for_nothing_more(tmp_path) -> None:
    limiter = BudgetLimiter(Allowance(), prices={"a": None}, quotas={})
    session = make_session(tmp_path, limiter=limiter)
    add_users(session, "a")
    stage_run = begin_stage(session)
    request = send_one(session)
    session.clock.let_pass(0.05)
    assert stage_run.waiting == 1

    request.kill()

    top_up = limiter.allowance.write_top_up(session.clock.now_ns())
    assert top_up is not None and top_up.need is None
    assert (stage_run.waiting, stage_run.counters.busy, session.targets["a"].client.bodies) == (0, 0, [])


def test_a_stage_that_ends_sends_those_away_who_wait_for_the_budget(tmp_path) -> None:
    limiter = BudgetLimiter(Allowance(), prices={"a": None}, quotas={})
    session = make_session(tmp_path, limiter=limiter)
    add_users(session, "a")
    stage_run = begin_stage(session)
    request = send_one(session)
    session.clock.let_pass(0.05)

    session.admission.close_stages("cancelled_by_run")
    settle()

    assert (request.value, stage_run.waiting) == ([], 0)


def shared(tmp_path, per_minute: int) -> Session:
    """Two users, a stage, and half of a quota of so many requests a minute."""
    quota = QuotaShare(0.5, 1)
    limiter = BudgetLimiter(Allowance(), prices={"a": None}, quotas={"a": quota})
    session = make_session(tmp_path, limiter=limiter)
    fill(limiter, session)
    session.record_limits({"a": Row(target="a", ratelimit_limit_requests=per_minute, end_ns=0, outcome="ok")})
    add_users(session, "ab")
    begin_stage(session)
    return session


def test_requests_go_one_after_the_other_as_the_share_of_the_quota_refills(tmp_path) -> None:
    session = shared(tmp_path, per_minute=120)  # of which half: one a second
    requests = [send_one(session, user) for user in "ab"]

    session.clock.let_pass(5)

    sent_ns = sorted(request.value[0].sent_ns for request in requests)
    assert sent_ns[1] - sent_ns[0] == 1_000_000_000


def test_a_stage_that_ends_sends_those_away_who_wait_for_a_share_of_the_quota(tmp_path) -> None:
    session = shared(tmp_path, per_minute=2)  # of which half: one a minute
    requests = [send_one(session, user) for user in "ab"]
    session.clock.let_pass(1)

    session.admission.close_stages("cancelled_by_run")
    settle()

    assert sorted(len(request.value) for request in requests) == [0, 1]
