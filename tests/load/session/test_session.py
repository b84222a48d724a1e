"""The session: who may send when, and one request with its retries. Driven by a scripted client, without a socket."""

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import gevent
import msgspec
import pytest

from firsttoken.load.budget.ledger import Allowance
from firsttoken.load.budget.limiter import BudgetLimiter
from firsttoken.load.control.phases import StageClock
from firsttoken.load.control.slo import read_limits
from firsttoken.load.session.request import send_request
from firsttoken.load.session.session import Session
from firsttoken.load.session.stage_run import StageRun
from firsttoken.load.session.target import Ask
from firsttoken.plan.profile import NS
from firsttoken.plan.retry import RetryPolicy
from firsttoken.plan.stage import StagePlan
from firsttoken.row import STOPPED_IN_BACKOFF, Outcome, Row
from firsttoken.scenario.format import Slo
from firsttoken.scenario.target import Target
from tests.load.made_session import make_session


class ScriptedClient:
    """Answers each attempt with the next outcome of its script, then with "ok"."""

    def __init__(self, script: list[Outcome], takes_s: float = 0.0) -> None:
        self.script = script
        self.takes_s = takes_s
        self.in_flight = 0
        self.bodies: list[bytes] = []
        self.now_ns: Callable[[], int] = lambda: 0

    def send(self, row: Row, body: bytes) -> None:
        row.sent_ns = self.now_ns()
        self.in_flight += 1
        gevent.sleep(self.takes_s)
        self.in_flight -= 1
        self.bodies.append(body)
        row.outcome = self.script.pop(0) if self.script else "ok"
        row.http_status = {"rate_limited": 429, "http_5xx": 500, "http_4xx": 400}.get(row.outcome, 200)
        row.first_token_ns = row.first_visible_ns = row.end_ns = self.now_ns()

    def cancel_all(self, outcome: Outcome) -> None:
        self.script.insert(0, outcome)


class ScriptedTarget:
    def __init__(self, client: ScriptedClient) -> None:
        self.client = client

        self.target = Target(model="a")

    def build_request(self, plan: StagePlan, slot: int, number: int) -> Ask:
        return Ask(f"p{slot}-{number}", b"{}", words=10, output_tokens=10)


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., tuple[Session, ScriptedClient]]:
    def build(script: list[Outcome] | None = None, takes_s: float = 0.0) -> tuple[Session, ScriptedClient]:
        client = ScriptedClient(script or [], takes_s)
        session = make_session(tmp_path, {"a": ScriptedTarget(client)})
        client.now_ns = session.now_ns
        return session, client

    return build


def stage(users: int = 1, **keys: int) -> StagePlan:
    lengths = {"ramp_ns": 0, "settle_ns": 0, "measure_ns": 60 * NS, "hold_ns": NS} | keys
    return StagePlan(stage=3, target="a", level=float(users), repeat=0, users=users, **lengths)


def begin(session: Session, plan: StagePlan) -> StageRun:
    """Open admission for a stage of a closed loop."""
    stage_run = StageRun(StageClock(plan, session.now_ns()), slots=range(plan.users))
    session.open_admission([stage_run])
    return stage_run


def begin_open(session: Session, dues_ms: list[float], **keys: Any) -> StageRun:
    """Open admission for a stage whose arrivals are due at these times."""
    plan = msgspec.structs.replace(stage(users=len(session.users)), by="rate", **keys)
    schedule = iter([(number, round(due_ms * 1e6)) for number, due_ms in enumerate(dues_ms)])
    stage_run = StageRun(StageClock(plan, session.now_ns()), slots=range(plan.users), schedule=schedule)
    session.open_admission([stage_run])
    return stage_run


def test_a_user_waits_until_a_stage_opens(opened) -> None:
    session, _ = opened()
    session.users = {"ann": 0}
    waiting = gevent.spawn(session.acquire_slot, "ann")
    gevent.sleep(0.01)
    assert not waiting.ready()

    begin(session, stage())

    assert waiting.get(timeout=1).phase == "measure"


def test_intended_is_when_the_user_became_free_not_when_it_was_woken(opened) -> None:
    session, _ = opened()
    session.users = {"ann": 0, "bob": 1}
    began_ns = begin(session, stage(users=2, ramp_ns=NS // 10)).clock.start_ns

    late = gevent.spawn(session.acquire_slot, "bob").get(timeout=1)

    assert late.intended_ns == began_ns + NS // 20


def test_only_the_user_slots_of_the_stage_are_admitted(opened) -> None:
    session, _ = opened()
    session.users = {"ann": 0, "bob": 1}
    begin(session, stage(users=1))

    assert gevent.spawn(session.acquire_slot, "ann").get(timeout=1).slot == 0
    with pytest.raises(gevent.Timeout):
        gevent.spawn(session.acquire_slot, "bob").get(timeout=0.05)


def test_every_attempt_is_a_row_and_a_retry_is_intended_when_its_backoff_was_due(opened) -> None:
    session, client = opened(["rate_limited", "http_5xx"])
    session.users = {"ann": 0}
    begin(session, stage())

    rows = send_request(session, session.acquire_slot("ann"))

    assert [(row.attempt, row.outcome) for row in rows] == [(1, "rate_limited"), (2, "http_5xx"), (3, "ok")]
    assert len({row.request_id for row in rows}) == 1
    assert [row.phase for row in rows] == ["measure"] * 3
    for before, after in pairwise(rows):
        assert after.intended_ns == before.end_ns + round(before.backoff_ms * 1e6)
        assert after.sent_ns >= after.intended_ns
    assert len(client.bodies) == session.recorder.started[3] == 3


def test_a_request_that_failed_has_no_backoff_on_its_last_row(opened) -> None:
    session, _ = opened(["http_5xx"] * 3)
    session.users = {"ann": 0}
    stage_run = begin(session, stage())

    rows = send_request(session, session.acquire_slot("ann"))

    assert [row.backoff_ms is None for row in rows] == [False, False, True]
    assert stage_run.counters.failed == 1


def test_a_stage_that_ends_cuts_a_backoff_short(opened) -> None:
    session, _ = opened(["rate_limited"])
    session.policy = RetryPolicy(max_retries=2, base_s=60, cap_s=60)
    session.users = {"ann": 0}
    begin(session, stage())
    request = gevent.spawn(lambda: send_request(session, session.acquire_slot("ann")))
    gevent.sleep(0.02)

    session.close_admission("cancelled_by_run")

    rows = request.get(timeout=1)
    assert [row.outcome for row in rows] == ["rate_limited"]
    assert rows[0].backoff_ms is not None


def test_measured_requests_hold_the_stage_open_until_they_have_ended(opened) -> None:
    session, _ = opened(takes_s=0.05)
    session.users = {"ann": 0}
    stage_run = begin(session, stage(measure_ns=NS // 100))
    clock = stage_run.clock
    request = gevent.spawn(lambda: send_request(session, session.acquire_slot("ann")))
    gevent.sleep(0.03)
    clock.advance(session.now_ns(), stage_run.counters)
    assert (clock.phase, clock.ended_ns, stage_run.counters.open_measured) == ("hold", None, 1)

    request.get(timeout=1)
    clock.advance(session.now_ns(), stage_run.counters)

    assert clock.ended_ns is not None
    assert clock.unfinished == 0


def test_after_an_interrupt_nobody_sends_anything_more(opened) -> None:
    session, client = opened(takes_s=0.05)
    session.users = {"ann": 0}
    begin(session, stage())
    request = gevent.spawn(lambda: send_request(session, session.acquire_slot("ann")))
    gevent.sleep(0.01)

    session.interrupt("interrupted")

    assert [row.outcome for row in request.get(timeout=1)] == ["cancelled_by_user"]
    with pytest.raises(gevent.Timeout):
        gevent.spawn(session.acquire_slot, "ann").get(timeout=0.05)
    assert len(client.bodies) == 1


def test_why_a_run_stops_is_the_interrupt_or_the_failure_or_the_disk(opened) -> None:
    session, _ = opened()
    assert session.stopping is None

    session.recorder.failure = "disk"
    assert session.stopping == "disk"
    session.failure = "no users"
    assert session.stopping == "no users"
    session.interrupt("terminated")
    assert session.stopping == "terminated"


def ask_for_ever(session: Session, user: str) -> None:
    while True:
        send_request(session, session.acquire_slot(user))


def rows_of(session: Session, folder: Path) -> list[Row]:
    """The finished rows of the journal, in the order in which they were intended."""
    session.recorder.flush()
    lines = (folder / "attempts" / "worker-0.jsonl").read_bytes().splitlines()
    rows = [msgspec.json.decode(line, type=Row) for line in lines]
    return sorted((row for row in rows if row.outcome), key=lambda row: row.intended_ns or 0)


def test_arrivals_of_an_open_loop_are_sent_when_they_are_due_however_long_the_answers_take(opened, tmp_path) -> None:
    session, _ = opened(takes_s=0.2)
    session.users = {"ann": 0, "bob": 1, "cem": 2}
    users = [gevent.spawn(ask_for_ever, session, user) for user in session.users]
    stage_run = begin_open(session, [10, 20, 30])
    gevent.sleep(0.4)
    gevent.killall(users)

    rows = rows_of(session, tmp_path)

    assert [(row.intended_ns or 0) - stage_run.clock.start_ns for row in rows] == [10_000_000, 20_000_000, 30_000_000]
    assert [row.request_id for row in rows] == ["3-0-0", "3-1-0", "3-2-0"]
    assert stage_run.counters.dropped == 0


def test_an_arrival_that_finds_nobody_idle_is_dropped_and_counted(opened, tmp_path) -> None:
    session, _ = opened(takes_s=0.2)
    session.users = {"ann": 0}
    user = gevent.spawn(ask_for_ever, session, "ann")
    stage_run = begin_open(session, [0, 50, 100])
    gevent.sleep(0.15)
    user.kill()

    assert stage_run.counters.dropped == 2
    assert stage_run.counters.issued == 1


def test_a_late_hub_sends_what_was_due_at_once_and_intended_stays_the_schedules(opened, tmp_path) -> None:
    session, _ = opened()
    session.users = {"ann": 0, "bob": 1}
    users = [gevent.spawn(ask_for_ever, session, user) for user in session.users]
    stage_run = begin_open(session, [20, 30])
    gevent.sleep(0)
    time.sleep(0.1)  # freezes the hub, as a neighbour on the machine would
    gevent.sleep(0.05)
    gevent.killall(users)

    rows = rows_of(session, tmp_path)

    assert [(row.intended_ns or 0) - stage_run.clock.start_ns for row in rows] == [20_000_000, 30_000_000]
    assert all((row.sent_ns or 0) - (row.intended_ns or 0) > 60_000_000 for row in rows)
    assert all(late_ns > 60_000_000 for late_ns in session.take_lateness())


def test_a_session_of_several_turns_arrives_once_and_asks_again_when_its_user_is_free(opened, tmp_path) -> None:
    session, _ = opened(takes_s=0.01)
    session.users = {"ann": 0, "bob": 1}
    users = [gevent.spawn(ask_for_ever, session, user) for user in session.users]
    begin_open(session, [0, 5], turns=3)
    gevent.sleep(0.2)
    gevent.killall(users)

    rows = rows_of(session, tmp_path)

    assert sorted((row.user, row.turn) for row in rows) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    for arrival in (0, 1):
        own = [row for row in rows if row.user == arrival]
        assert all((after.intended_ns or 0) >= (before.end_ns or 0) for before, after in pairwise(own))


def test_stages_side_by_side_have_users_of_their_own(opened) -> None:
    session, _ = opened(takes_s=0.02)
    session.targets["b"] = session.targets["a"]
    session.users = {name: number for number, name in enumerate("abc")}
    plans = [stage(users=2), msgspec.structs.replace(stage(users=1), stage=4, target="b")]
    session.open_admission([StageRun(StageClock(plan, session.now_ns()), slots=range(plan.users)) for plan in plans])

    admitted = [gevent.spawn(session.acquire_slot, user).get(timeout=1) for user in "abc"]

    assert [(request.stage_run.clock.plan.stage, request.slot) for request in admitted] == [(3, 0), (3, 1), (4, 0)]


def test_the_slo_is_judged_in_the_order_in_which_requests_were_intended(opened) -> None:
    session, _ = opened(["ok", "http_4xx", "ok"])
    session.users = {name: number for number, name in enumerate("abc")}
    stage_run = begin(session, msgspec.structs.replace(stage(users=3), least_ns=0))
    first, second, third = (session.acquire_slot(user) for user in "abc")

    send_request(session, third)
    stage_run.judge_measured(read_limits(Slo()), session.now_ns())
    assert stage_run.counters.judged == 0
    send_request(session, first)
    send_request(session, second)
    stage_run.judge_measured(read_limits(Slo()), session.now_ns())

    assert (stage_run.counters.judged, stage_run.counters.kept) == (3, 2)


def test_a_request_that_its_user_ends_has_its_row_and_leaves_nothing_open(opened, tmp_path) -> None:
    session, _ = opened(takes_s=10)
    session.users = {"ann": 0}
    stage_run = begin(session, stage())
    asking = gevent.spawn(lambda: send_request(session, session.acquire_slot("ann")))
    gevent.sleep(0.02)

    asking.kill()

    assert (session.recorder.started[3], stage_run.counters.busy, stage_run.counters.open_measured) == (1, 0, 0)
    session.recorder.flush()
    lines = (tmp_path / "attempts" / "worker-0.jsonl").read_bytes().splitlines()
    assert len(lines) == 2  # its start and its end


def test_a_request_that_its_user_ends_in_its_back_off_is_marked(opened, tmp_path) -> None:
    session, _ = opened(["rate_limited"])
    session.policy = RetryPolicy(max_retries=2, base_s=60, cap_s=60)
    session.users = {"ann": 0}
    stage_run = begin(session, stage())
    asking = gevent.spawn(lambda: send_request(session, session.acquire_slot("ann")))
    gevent.sleep(0.02)

    asking.kill()

    *_, last = rows_of(session, tmp_path)
    assert (last.outcome, last.checks) == ("rate_limited", [STOPPED_IN_BACKOFF])
    assert (stage_run.counters.busy, stage_run.counters.failed) == (0, 0)


def test_whoever_leaves_has_its_place_taken_by_the_next(opened) -> None:
    session, _ = opened()
    for user in "abc":
        session.starting.add(user)
        session.add_user(user)

    session.remove_user("b")
    session.add_user("d")
    session.add_user("e")

    assert session.users == {"a": 0, "c": 2, "d": 1, "e": 3}
    assert (session.starting, session.left) == (set(), 1)


def test_an_open_slot_without_a_living_user_is_idle_for_as_long(opened) -> None:
    session, _ = opened()
    for user in "abc":
        session.add_user(user)
    stage_run = begin(session, stage(users=3))
    session.collect_counters(stage_run.clock)
    session.remove_user("b")
    session.collect_counters(stage_run.clock)
    began_ns = session.now_ns()
    gevent.sleep(0.05)

    assert session.collect_counters(stage_run.clock).idle_ns >= 50_000_000
    assert stage_run.counters.idle_ns <= session.now_ns() - began_ns + 50_000_000


def test_whoever_asks_in_its_on_start_is_ready(opened) -> None:
    session, _ = opened()
    session.starting.add("ann")
    gevent.spawn(session.acquire_slot, "ann")
    gevent.sleep(0)

    assert session.users == {"ann": 0}


def test_a_request_that_its_user_ends_while_it_waits_for_the_budget_asks_for_nothing_more(opened) -> None:
    session, client = opened()
    session.limiter = BudgetLimiter(Allowance(), prices={"a": None}, quotas={})
    session.users = {"ann": 0}
    stage_run = begin(session, stage())
    asking = gevent.spawn(lambda: send_request(session, session.acquire_slot("ann")))
    gevent.sleep(0.05)
    assert stage_run.waiting == 1

    asking.kill()

    top_up = session.limiter.allowance.write_top_up(session.now_ns())
    assert top_up is not None and top_up.need is None
    assert (stage_run.waiting, stage_run.counters.busy, client.bodies) == (0, 0, [])
