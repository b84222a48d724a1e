"""What a process counts: its stages when they are collected, its lateness once, and so many failure texts at most."""

from pathlib import Path

import pytest

from firsttoken.load.session.session import Session
from firsttoken.load.session.session_counters import MOST_FAILURES
from firsttoken.row import Row
from tests.load.made_session import add_users, begin_stage, make_session, send_one
from tests.load.virtual_clock import settle


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return make_session(tmp_path, takes_s=1)


def test_busy_and_in_flight_are_of_the_moment(session) -> None:
    add_users(session, "ab")
    begin_stage(session)
    requests = [send_one(session, user) for user in "ab"]
    settle()
    assert (session.counters.busy, session.counters.in_flight) == (2, 2)

    session.clock.let_pass(2)

    assert all(request.ready() for request in requests)
    assert (session.counters.busy, session.counters.in_flight) == (0, 0)


def test_the_counters_of_a_stage_are_up_to_date_when_they_are_collected(session) -> None:
    add_users(session, "ab")
    stage_run = begin_stage(session)
    send_one(session, "a")
    session.clock.let_pass(2)
    send_one(session, "b")
    settle()

    counters = session.counters.collect_counters(stage_run.clock)

    assert (counters.started, counters.in_flight, counters.judged, counters.kept) == (2, 1, 1, 1)


def test_a_slot_without_a_living_user_is_idle_for_as_long(session) -> None:
    add_users(session, "abc")
    stage_run = begin_stage(session)
    session.counters.collect_counters(stage_run.clock)
    session.users.remove_user("b")
    session.counters.collect_counters(stage_run.clock)

    session.clock.let_pass(0.05)

    assert session.counters.collect_counters(stage_run.clock).idle_ns == 50_000_000


def test_lateness_is_taken_once(session) -> None:
    session.counters.record_lateness(3)
    session.counters.record_lateness(5)

    assert (session.counters.take_lateness(), session.counters.take_lateness()) == ([3, 5], [])


def test_locust_hears_no_more_than_so_many_texts_of_failures(session) -> None:
    texts = [session.counters.describe_failure(Row(outcome="http_5xx", error=f"no {n}")) for n in range(MOST_FAILURES)]
    assert texts[:2] == ["http_5xx: no 0", "http_5xx: no 1"]

    assert session.counters.describe_failure(Row(outcome="http_5xx", error="new")) == "http_5xx: other error text"
    assert session.counters.describe_failure(Row(outcome="http_5xx", error="no 1")) == "http_5xx: no 1"
