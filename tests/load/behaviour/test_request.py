"""One request with its attempts: retried as the policy says, counted once, and its rows written whatever ends it."""

from itertools import pairwise
from pathlib import Path

import gevent
import msgspec
import pytest

from firsttoken.decoding.duration import NS
from firsttoken.load.asking.ask import Wish
from firsttoken.load.behaviour.request import send_request
from firsttoken.load.budget.ledger import Allowance, Ledger
from firsttoken.load.budget.limiter import BudgetLimiter
from firsttoken.load.control.slo import read_limits
from firsttoken.load.session.stage_run import Request
from firsttoken.plan.retry import RetryPolicy
from firsttoken.row import HELD_BACK, STOPPED_IN_BACKOFF, Outcome, Row
from firsttoken.scenario.format import Budget
from firsttoken.scenario.slo import Slo
from tests.load.made_session import add_users, begin_open_stage, begin_stage, make_session, send_one
from tests.load.virtual_clock import settle

PATIENT = RetryPolicy(max_retries=2, base_s=60, cap_s=60, jitter=0)
"""Waits a minute before a retry."""


def finished_rows(folder: Path) -> list[Row]:
    lines = (folder / "attempts" / "worker-0.jsonl").read_bytes().splitlines()
    return [row for line in lines if (row := msgspec.json.decode(line, type=Row)).outcome]


def test_every_attempt_is_a_row_and_a_retry_is_intended_when_its_backoff_was_due(tmp_path) -> None:
    session = make_session(tmp_path, ["rate_limited", "http_5xx"])
    add_users(session, "a")
    begin_stage(session)
    request = send_one(session)

    session.clock.let_pass(1)

    rows = request.value
    assert [(row.attempt, row.outcome) for row in rows] == [(1, "rate_limited"), (2, "http_5xx"), (3, "ok")]
    assert {row.request_id for row in rows} == {"3-0-0"}
    assert [row.phase for row in rows] == ["measure"] * 3
    for before, after in pairwise(rows):
        assert after.intended_ns == before.end_ns + round(before.backoff_ms * 1e6)
        assert after.sent_ns == after.intended_ns
    assert len(session.targets["a"].client.bodies) == session.recorder.started[3] == 3


def test_a_request_that_failed_for_good_has_no_backoff_on_its_last_row(tmp_path) -> None:
    session = make_session(tmp_path, ["http_5xx"] * 3)
    add_users(session, "a")
    stage_run = begin_stage(session)
    request = send_one(session)

    session.clock.let_pass(1)

    assert [row.backoff_ms is None for row in request.value] == [False, False, True]
    assert (stage_run.counters.failed, stage_run.counters.ended, stage_run.counters.unanswered) == (1, 1, 3)


def test_a_stage_that_ends_cuts_a_backoff_short(tmp_path) -> None:
    session = make_session(tmp_path, ["rate_limited"], policy=PATIENT)
    add_users(session, "a")
    begin_stage(session)
    request = send_one(session)
    session.clock.let_pass(1)

    session.admission.close_stages("cancelled_by_run")
    settle()

    assert [(row.outcome, row.backoff_ms) for row in request.value] == [("rate_limited", 60_000.0)]


def test_a_stage_that_closed_between_the_slot_and_the_sending_leaves_no_row(tmp_path) -> None:
    session = make_session(tmp_path)
    add_users(session, "a")
    stage_run = begin_stage(session)
    request = session.admission.acquire_slot("a")
    session.admission.close_stages("cancelled_by_run")

    assert send_request(session, request) == []
    assert (stage_run.counters.busy, stage_run.counters.ended) == (0, 0)


def test_a_request_that_its_user_ends_has_its_row_and_leaves_nothing_open(tmp_path) -> None:
    session = make_session(tmp_path, takes_s=10)
    add_users(session, "a")
    stage_run = begin_stage(session)
    request = send_one(session)
    session.clock.let_pass(1)

    request.kill()

    assert (session.recorder.started[3], stage_run.counters.busy, stage_run.counters.open_measured) == (1, 0, 0)
    session.recorder.flush()
    lines = (tmp_path / "attempts" / "worker-0.jsonl").read_bytes().splitlines()
    assert len(lines) == 2  # its start and its end


def test_a_request_that_its_user_ends_in_its_back_off_is_marked(tmp_path) -> None:
    session = make_session(tmp_path, ["rate_limited"], policy=PATIENT)
    add_users(session, "a")
    stage_run = begin_stage(session)
    request = send_one(session)
    session.clock.let_pass(1)

    request.kill()

    session.recorder.flush()
    *_, last = finished_rows(tmp_path)
    assert (last.outcome, last.checks) == ("rate_limited", [STOPPED_IN_BACKOFF])
    assert (stage_run.counters.busy, stage_run.counters.failed) == (0, 0)


def test_an_interrupt_ends_what_is_on_the_wire_and_nothing_more_is_sent(tmp_path) -> None:
    session = make_session(tmp_path, takes_s=0.05)
    add_users(session, "a")
    begin_stage(session)
    request = send_one(session)
    session.clock.let_pass(0.01)

    session.cancellation.interrupt_run("interrupted")
    session.clock.let_pass(1)

    assert [row.outcome for row in request.value] == ["cancelled_by_user"]
    assert len(session.targets["a"].client.bodies) == 1


def test_measured_requests_hold_the_stage_open_until_they_have_ended(tmp_path) -> None:
    session = make_session(tmp_path, takes_s=0.05)
    add_users(session, "a")
    stage_run = begin_stage(session, measure_ns=NS // 100)
    clock = stage_run.clock
    request = send_one(session)
    session.clock.let_pass(0.03)
    clock.advance(session.clock.now_ns(), stage_run.counters)
    assert (clock.phase, clock.ended_ns, stage_run.counters.open_measured) == ("hold", None, 1)

    session.clock.let_pass(0.03)
    clock.advance(session.clock.now_ns(), stage_run.counters)

    assert request.ready()
    assert (clock.ended_ns, clock.unfinished) == (session.clock.now_ns(), 0)


def test_the_slo_is_judged_in_the_order_in_which_requests_were_intended(tmp_path) -> None:
    session = make_session(tmp_path, ["ok", "http_4xx", "ok"])
    add_users(session, "abc")
    stage_run = begin_stage(session, least_ns=0)
    first, second, third = (session.admission.acquire_slot(user) for user in "abc")

    send_request(session, third)
    stage_run.judge_measured(read_limits(Slo()), session.clock.now_ns())
    assert stage_run.counters.judged == 0
    send_request(session, first)
    send_request(session, second)
    stage_run.judge_measured(read_limits(Slo()), session.clock.now_ns())

    assert (stage_run.counters.judged, stage_run.counters.kept) == (3, 2)


@pytest.mark.parametrize("is_open", [False, True])
def test_a_wait_for_our_own_budget_is_no_wait_for_the_server_in_a_closed_loop(tmp_path, is_open) -> None:
    """In an open loop the arrival was due all the same: the wait is part of what its user saw, and is marked."""
    limiter = BudgetLimiter(Allowance(), prices={"a": None}, quotas={})
    session = make_session(tmp_path, limiter=limiter)
    add_users(session, "a")
    begin = begin_open_stage(session, [0]) if is_open else begin_stage(session)
    request = send_one(session)
    session.clock.let_pass(0.05)
    assert begin.waiting == 1

    top_up = limiter.allowance.write_top_up(session.clock.now_ns())
    limiter.allowance.add_grant(Ledger(Budget(requests=100)).answer_top_up(0, top_up))
    session.clock.let_pass(0.05)

    (row,) = request.value
    assert (row.sent_ns, row.checks) == (60_000_000, [HELD_BACK])
    assert row.intended_ns == (0 if is_open else 60_000_000)


GIVEN = [{"role": "user", "content": "Hello"}]


def send_wish(folder: Path, wish: Wish, *, turns: int = 1, script: list[Outcome] | None = None) -> Request:
    """One request with a wish, sent to its end."""
    session = make_session(folder, script)
    add_users(session, "a")
    begin_open_stage(session, [0], turns=turns)

    def send() -> Request:
        request = session.admission.acquire_slot("a")
        request.wish = wish
        send_request(session, request)
        return request

    greenlet = gevent.spawn(send)
    session.clock.let_pass(1)
    sent: Request = greenlet.value
    return sent


@pytest.mark.parametrize(
    ("wish", "turns", "is_kept"),
    [
        (Wish(), 1, False),
        (Wish(), 2, True),
        (Wish(GIVEN), 1, True),
        (Wish(max_tokens=5, name="short"), 1, False),
        (Wish(keeps_text=True), 1, True),
        (Wish(GIVEN, keeps_text=False), 2, False),
    ],
)
def test_a_text_is_kept_only_where_it_may_be_read(tmp_path: Path, wish: Wish, turns: int, is_kept: bool) -> None:
    request = send_wish(tmp_path, wish, turns=turns)

    assert (request.kept is not None, request.has_next_turn) == (is_kept, turns > 1)
    assert [row.name for row in request.rows] == [wish.name]


def test_the_text_is_that_of_the_last_attempt(tmp_path: Path) -> None:
    request = send_wish(tmp_path, Wish(GIVEN), script=["rate_limited", "http_5xx"])

    assert [row.outcome for row in request.rows][-1] == "ok"
    assert request.kept == [b"answer %d" % len(request.rows)]
