"""The session: who may send when, and one request with its retries. Driven by a scripted client, without a socket."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import gevent
import pytest

from firsttoken.load.plan import NS, StagePlan
from firsttoken.load.recorder import Recorder
from firsttoken.load.retry import RetryPolicy
from firsttoken.load.session import Session
from firsttoken.row import Outcome, Row


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
        row.first_token_ns = row.end_ns = self.now_ns()

    def cancel_all(self, outcome: Outcome) -> None:
        self.script.insert(0, outcome)


class ScriptedTarget:
    def __init__(self, client: ScriptedClient) -> None:
        self.client = client

    def compose(self, plan: StagePlan, seat: int, number: int) -> tuple[str, bytes]:
        return f"p{seat}-{number}", b"{}"


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., tuple[Session, ScriptedClient]]:
    def build(script: list[Outcome] | None = None, takes_s: float = 0.0) -> tuple[Session, ScriptedClient]:
        client = ScriptedClient(script or [], takes_s)
        session = Session(
            run_id="run",
            targets={"a": cast(Any, ScriptedTarget(client))},
            policy=RetryPolicy(max_retries=2, base_s=0.02),
            recorder=Recorder(tmp_path, worker=0),
            origin_ns=0,
            think_s=0.0,
        )
        client.now_ns = session.now_ns
        return session, client

    return build


def stage(users: int = 1, **keys: int) -> StagePlan:
    lengths = {"ramp_ns": 0, "settle_ns": 0, "measure_ns": 60 * NS, "hold_ns": NS} | keys
    return StagePlan(stage=3, target="a", level=float(users), repeat=0, users=users, **lengths)


def test_a_user_waits_until_a_stage_opens(opened) -> None:
    session, _ = opened()
    session.users = {"ann": 0}
    waiting = gevent.spawn(session.admit, "ann")
    gevent.sleep(0.01)
    assert not waiting.ready()

    session.begin_stage(stage())

    assert waiting.get(timeout=1).phase == "measure"


def test_intended_is_when_the_user_became_free_not_when_it_was_woken(opened) -> None:
    session, _ = opened()
    session.users = {"ann": 0, "bob": 1}
    session.begin_stage(stage(users=2, ramp_ns=NS // 10))
    began_ns = session.clock.boundaries[0][1]

    late = gevent.spawn(session.admit, "bob").get(timeout=1)

    assert late.intended_ns == began_ns + NS // 20


def test_only_the_seats_of_the_stage_are_let_in(opened) -> None:
    session, _ = opened()
    session.users = {"ann": 0, "bob": 1}
    session.begin_stage(stage(users=1))

    assert gevent.spawn(session.admit, "ann").get(timeout=1).seat == 0
    with pytest.raises(gevent.Timeout):
        gevent.spawn(session.admit, "bob").get(timeout=0.05)


def test_every_attempt_is_a_row_and_a_retry_is_intended_when_its_backoff_was_due(opened) -> None:
    session, client = opened(["rate_limited", "http_5xx"])
    session.users = {"ann": 0}
    session.begin_stage(stage())

    rows = session.perform(session.admit("ann"))

    assert [(row.attempt, row.outcome) for row in rows] == [(1, "rate_limited"), (2, "http_5xx"), (3, "ok")]
    assert len({row.request_id for row in rows}) == 1
    assert [row.phase for row in rows] == ["measure"] * 3
    for before, after in pairwise(rows):
        assert after.intended_ns == before.end_ns + round(before.backoff_ms * 1e6)
        assert after.sent_ns >= after.intended_ns
    assert len(client.bodies) == session.recorder.started[3] == 3


def test_a_request_that_gave_up_has_no_backoff_on_its_last_row(opened) -> None:
    session, _ = opened(["http_5xx"] * 3)
    session.users = {"ann": 0}
    session.begin_stage(stage())

    rows = session.perform(session.admit("ann"))

    assert [row.backoff_ms is None for row in rows] == [False, False, True]
    assert session.failed == 1


def test_a_stage_that_ends_cuts_a_backoff_short(opened) -> None:
    session, _ = opened(["rate_limited"])
    session.policy = RetryPolicy(max_retries=2, base_s=60, cap_s=60)
    session.users = {"ann": 0}
    session.begin_stage(stage())
    request = gevent.spawn(lambda: session.perform(session.admit("ann")))
    gevent.sleep(0.02)

    session.end_stage("cancelled_by_run")

    rows = request.get(timeout=1)
    assert [row.outcome for row in rows] == ["rate_limited"]
    assert rows[0].backoff_ms is not None


def test_measured_requests_hold_the_stage_open_until_they_have_ended(opened) -> None:
    session, _ = opened(takes_s=0.05)
    session.users = {"ann": 0}
    clock = session.begin_stage(stage(measure_ns=NS // 100))
    request = gevent.spawn(lambda: session.perform(session.admit("ann")))
    gevent.sleep(0.03)
    session.advance()
    assert (clock.phase, clock.ended_ns, session.open_measured) == ("hold", None, 1)

    request.get(timeout=1)
    session.advance()

    assert clock.ended_ns is not None
    assert clock.unfinished == 0


def test_after_an_interrupt_nobody_sends_anything_more(opened) -> None:
    session, client = opened(takes_s=0.05)
    session.users = {"ann": 0}
    session.begin_stage(stage())
    request = gevent.spawn(lambda: session.perform(session.admit("ann")))
    gevent.sleep(0.01)

    session.interrupt("interrupted")

    assert [row.outcome for row in request.get(timeout=1)] == ["cancelled_by_user"]
    with pytest.raises(gevent.Timeout):
        gevent.spawn(session.admit, "ann").get(timeout=0.05)
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
