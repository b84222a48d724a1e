"""Who may send when: the slots of a closed loop, the arrivals of an open one. In virtual time, without a socket."""

from itertools import pairwise
from pathlib import Path

import gevent
import msgspec
import pytest

from firsttoken.decoding.duration import NS
from firsttoken.load.control.phases import StageClock
from firsttoken.load.session.admission import StageEndedError
from firsttoken.load.session.session import Session
from firsttoken.load.session.stage_run import StageRun
from firsttoken.row import Row
from tests.load.made_session import (
    ScriptedTarget,
    add_users,
    begin_open_stage,
    begin_stage,
    describe_stage,
    make_session,
    send_for_ever,
    send_one,
)
from tests.load.virtual_clock import settle


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return make_session(tmp_path)


def acquire(session: Session, user: str) -> gevent.Greenlet:
    waiting = gevent.spawn(session.admission.acquire_slot, user)
    settle()
    return waiting


def rows_of(session: Session) -> list[Row]:
    """The finished rows of the journal, in the order in which they were intended."""
    session.recorder.flush()
    lines = (session.recorder.folder / "attempts" / "worker-0.jsonl").read_bytes().splitlines()
    rows = [msgspec.json.decode(line, type=Row) for line in lines]
    return sorted((row for row in rows if row.outcome), key=lambda row: row.intended_ns or 0)


def test_a_user_waits_until_a_stage_opens(session) -> None:
    add_users(session, "a")
    waiting = acquire(session, "a")
    assert not waiting.ready()

    begin_stage(session)
    settle()

    assert waiting.value.phase == "measure"


def test_intended_is_when_the_slot_opened_and_not_when_the_user_was_woken(session) -> None:
    add_users(session, "ab")
    began_ns = begin_stage(session, ramp_ns=NS // 10).clock.start_ns
    late = acquire(session, "b")

    session.clock.freeze_hub(0.08)
    session.clock.let_pass(0)

    assert late.value.intended_ns == began_ns + NS // 20


def test_intended_is_when_the_user_became_free_once_its_slot_is_open(session) -> None:
    add_users(session, "a")
    begin_stage(session)
    session.clock.let_pass(7)

    assert acquire(session, "a").value.intended_ns == 7 * NS


def test_a_user_is_refused_a_slot_of_another_stage_than_the_one_it_asked_for(session) -> None:
    add_users(session, "a")
    first = begin_stage(session)
    assert session.admission.acquire_slot("a", first).stage_run is first

    session.admission.close_stages("cancelled_by_run")
    begin_stage(session)

    with pytest.raises(StageEndedError):
        session.admission.acquire_slot("a", first)


def test_only_as_many_users_send_as_the_stage_has_slots(session) -> None:
    add_users(session, "ab")
    begin_stage(session, users=1)

    assert acquire(session, "a").value.slot == 0
    assert not acquire(session, "b").ready()


def test_a_stage_that_has_issued_all_its_requests_admits_no_more(session) -> None:
    add_users(session, "a")
    begin_stage(session, requests=1)

    assert acquire(session, "a").ready()
    assert not acquire(session, "a").ready()


def test_nothing_is_admitted_after_an_interrupt(session) -> None:
    add_users(session, "a")
    begin_stage(session)

    session.cancellation.interrupt_run("interrupted")

    assert not acquire(session, "a").ready()


def test_a_closed_stage_admits_nothing_and_its_requests_may_not_be_sent(session) -> None:
    add_users(session, "a")
    begin_stage(session)
    request = acquire(session, "a").value
    assert session.admission.may_send(request)

    session.admission.close_stages("cancelled_by_run")

    assert not session.admission.may_send(request)
    assert not acquire(session, "a").ready()
    assert session.targets["a"].client.script == ["cancelled_by_run"]


def test_a_wait_ends_when_stages_open_or_close(session) -> None:
    waiting = gevent.spawn(session.admission.wait_for_change, 60)
    settle()

    begin_stage(session, users=1)
    settle()

    assert waiting.ready()
    assert session.clock.now_ns() == 0


def test_a_user_that_sends_in_its_on_start_is_ready(session) -> None:
    session.users.start_user("a")

    acquire(session, "a")

    assert session.users.find_number("a") == 0


def test_stages_side_by_side_have_users_of_their_own(tmp_path) -> None:
    session = make_session(tmp_path, targets={"a": ScriptedTarget(None), "b": ScriptedTarget(None)})
    add_users(session, "abc")
    plans = [describe_stage(users=2), describe_stage(users=1, stage=4, target="b")]
    session.admission.open_stages([StageRun(StageClock(plan, 0), slots=range(plan.users)) for plan in plans])

    admitted = [acquire(session, user).value for user in "abc"]

    assert [(request.stage_run.clock.plan.stage, request.slot) for request in admitted] == [(3, 0), (3, 1), (4, 0)]


def test_stages_that_are_added_are_for_users_without_a_slot(session) -> None:
    add_users(session, "ab")
    begin_stage(session, users=1)
    waiting = acquire(session, "b")
    plan = describe_stage(users=1, stage=4)

    session.admission.add_stages([StageRun(StageClock(plan, 0), slots=[7])])
    settle()

    assert waiting.value.slot == 7


def test_a_slot_is_empty_while_its_user_has_left(session) -> None:
    add_users(session, "abc")
    stage_run = begin_stage(session)
    assert session.admission.find_empty_slots(stage_run) == []

    session.users.remove_user("b")
    assert session.admission.find_empty_slots(stage_run) == [1]

    session.users.add_user("d")
    assert session.admission.find_empty_slots(stage_run) == []


def test_arrivals_are_sent_when_they_are_due_however_long_the_answers_take(tmp_path) -> None:
    session = make_session(tmp_path, takes_s=0.2)
    add_users(session, "abc")
    users = [send_for_ever(session, user) for user in "abc"]
    stage_run = begin_open_stage(session, [10, 20, 30])

    session.clock.let_pass(0.4)
    gevent.killall(users)

    rows = rows_of(session)
    assert [row.intended_ns for row in rows] == [row.sent_ns for row in rows] == [10_000_000, 20_000_000, 30_000_000]
    assert [row.request_id for row in rows] == ["3-0-0", "3-1-0", "3-2-0"]
    assert stage_run.counters.dropped == 0


def test_an_arrival_that_finds_no_idle_user_is_dropped_and_counted(tmp_path) -> None:
    session = make_session(tmp_path, takes_s=0.2)
    add_users(session, "a")
    user = send_for_ever(session, "a")
    stage_run = begin_open_stage(session, [0, 50, 100])

    session.clock.let_pass(0.15)
    user.kill()

    assert (stage_run.counters.dropped, stage_run.counters.issued) == (2, 1)


def test_a_late_hub_sends_what_was_due_at_once_and_intended_stays_the_schedules(session) -> None:
    add_users(session, "ab")
    users = [send_for_ever(session, user) for user in "ab"]
    begin_open_stage(session, [20, 30])
    session.clock.let_pass(0)

    session.clock.freeze_hub(0.1)
    session.clock.let_pass(0.01)
    gevent.killall(users)

    rows = rows_of(session)
    assert [row.intended_ns for row in rows] == [20_000_000, 30_000_000]
    assert [row.sent_ns for row in rows] == [100_000_000, 100_000_000]
    assert session.counters.take_lateness() == [80_000_000, 70_000_000]


def test_arrivals_end_where_the_run_is_stopped_or_the_stage_is_full(session) -> None:
    add_users(session, "a")
    user = send_for_ever(session, "a")
    stage_run = begin_open_stage(session, [10, 20, 30], requests=1)

    session.clock.let_pass(0.1)
    user.kill()

    assert (stage_run.counters.issued, stage_run.counters.dropped) == (1, 0)


def test_the_first_arrival_waits_for_the_users_of_its_stage_but_not_for_long(session) -> None:
    add_users(session, "ab")
    stage_run = begin_open_stage(session, [0])  # no user waits for it
    settle()
    assert stage_run.counters.dropped == 0

    session.clock.freeze_hub(0.1)
    session.clock.let_pass(0)

    assert stage_run.counters.dropped == 1


def test_a_user_that_leaves_while_it_waits_for_an_arrival_gets_none(session) -> None:
    add_users(session, "a")
    stage_run = begin_open_stage(session, [10])
    waiting = acquire(session, "a")

    waiting.kill()
    session.clock.let_pass(0.02)

    assert (list(stage_run.idle), stage_run.counters.dropped) == ([], 1)


def test_a_user_that_leaves_as_its_arrival_is_given_to_it_leaves_nothing_open(session) -> None:
    add_users(session, "a")
    stage_run = begin_open_stage(session, [10])
    waiting = acquire(session, "a")

    waiting.kill(block=False)
    stage_run.dispatch_arrival(0, 10_000_000, session.targets["a"].build_request(stage_run.clock.plan, 0, 0))
    settle()

    assert (stage_run.counters.issued, stage_run.counters.busy) == (1, 0)


def test_a_conversation_arrives_once_and_its_next_turn_is_due_when_its_user_is_free(tmp_path) -> None:
    session = make_session(tmp_path, takes_s=0.01)
    add_users(session, "ab")
    users = [send_for_ever(session, user) for user in "ab"]
    begin_open_stage(session, [0, 5], turns=3)

    session.clock.let_pass(0.2)
    gevent.killall(users)

    rows = rows_of(session)
    assert sorted((row.user, row.turn) for row in rows) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    for arrival in (0, 1):
        own = [row for row in rows if row.user == arrival]
        assert all(after.intended_ns == before.end_ns for before, after in pairwise(own))


def test_a_user_of_a_stage_that_closes_looks_again(session) -> None:
    add_users(session, "a")
    begin_open_stage(session, [60_000])
    waiting = send_one(session, "a")
    settle()

    session.admission.close_stages("cancelled_by_run")
    begin_stage(session)
    settle()

    assert [row.outcome for row in waiting.value] == ["cancelled_by_run"]  # the script's, from the closing
