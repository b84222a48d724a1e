"""Why a run ends before its plan: the first failure, an interrupt before it, and what the disk said last."""

from pathlib import Path

import pytest

from firsttoken.load.session.session import Session
from tests.load.made_session import make_session


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return make_session(tmp_path)


def test_a_run_that_nothing_stops_has_no_reason_to_stop(session) -> None:
    assert (session.cancellation.stopping, session.cancellation.failure) == (None, None)


def test_the_reason_is_the_interrupt_or_the_failure_or_the_disk(session) -> None:
    session.recorder.failure = "disk"
    assert session.cancellation.stopping == session.cancellation.failure == "disk"

    session.cancellation.fail_run("no users")
    assert session.cancellation.stopping == session.cancellation.failure == "no users"

    session.cancellation.interrupt_run("terminated")
    assert (session.cancellation.stopping, session.cancellation.failure) == ("terminated", "no users")


def test_the_first_failure_is_reported_with_its_traceback(session) -> None:
    session.cancellation.fail_run("chat.py:3: expected it to run", "Traceback: first")
    session.cancellation.fail_run("another", "Traceback: second")

    assert session.cancellation.failure == "chat.py:3: expected it to run"
    assert session.cancellation.traceback == "Traceback: first"


def test_an_interrupt_ends_what_is_on_the_wire_and_the_first_one_gives_the_reason(session) -> None:
    session.cancellation.interrupt_run("interrupted")
    session.cancellation.interrupt_run("the parent process is gone")

    assert session.cancellation.interrupted == "interrupted"
    assert session.targets["a"].client.script == ["cancelled_by_user"] * 2


def test_what_is_on_the_wire_ends_with_the_outcome_that_is_asked_for(session) -> None:
    session.cancellation.cancel_attempts("cancelled_by_run")

    assert session.targets["a"].client.script == ["cancelled_by_run"]
    assert session.cancellation.stopping is None
