"""A session of a run in this process, for tests that bring targets and a clock of their own."""

from pathlib import Path
from typing import Any, cast

import gevent

from firsttoken.decoding.duration import NS
from firsttoken.load.asking.ask import NO_WISH, Ask, Wish
from firsttoken.load.behaviour.request import send_request
from firsttoken.load.budget.ledger import Allowance
from firsttoken.load.budget.limiter import BudgetLimiter
from firsttoken.load.control.phases import StageClock
from firsttoken.load.control.slo import read_limits
from firsttoken.load.session.journal import Recorder
from firsttoken.load.session.session import Session, SessionRules
from firsttoken.load.session.stage_run import StageRun
from firsttoken.plan.retry import RetryBudget, RetryPolicy
from firsttoken.plan.stage import StagePlan
from firsttoken.row import Outcome, Row
from firsttoken.scenario.slo import Slo
from firsttoken.scenario.target import Target
from tests.load.virtual_clock import VirtualClock


class ScriptedClient:
    """Answers each attempt with the next outcome of its script, then with "ok"."""

    def __init__(self, script: list[Outcome], takes_s: float, clock: VirtualClock) -> None:
        self.script = script
        self.takes_s = takes_s
        self.clock = clock
        self.in_flight = 0
        self.bodies: list[bytes] = []
        self.is_closed = False

    def send(self, row: Row, body: bytes, kept: list[bytes] | None = None) -> None:
        row.sent_ns = self.clock.now_ns()
        self.in_flight += 1
        try:
            if self.takes_s:
                self.clock.sleep(self.takes_s)
        finally:
            self.in_flight -= 1
        self.bodies.append(body)
        if kept is not None:
            kept.append(b"answer %d" % len(self.bodies))
        row.outcome = self.script.pop(0) if self.script else "ok"
        row.http_status = {"rate_limited": 429, "http_5xx": 500, "http_4xx": 400}.get(row.outcome, 200)
        row.first_token_ns = row.first_visible_ns = row.end_ns = self.clock.now_ns()

    def cancel_all(self, outcome: Outcome) -> None:
        self.script.insert(0, outcome)

    def close(self) -> None:
        self.is_closed = True


class ScriptedTarget:
    """A target whose prompts say whose they are."""

    def __init__(self, client: Any, target: Target | None = None) -> None:
        self.client = client
        self.target = target or Target(model="a")

    def build_request(self, plan: StagePlan, slot: int, number: int, wish: Wish = NO_WISH) -> Ask:
        return Ask(f"p{slot}-{number}", b"{}", words=10, output_tokens=10)


def make_session(
    folder: Path,
    script: list[Outcome] | None = None,
    takes_s: float = 0.0,
    *,
    targets: dict[str, Any] | None = None,
    policy: RetryPolicy | None = None,
    limiter: BudgetLimiter | None = None,
    clock: Any = None,
    worker: int = 0,
) -> Session:
    """Promises nothing, spends nothing and waits 20 ms before a first retry; one target "a", unless `targets` are.

    Worker 0 is a process that moves the clocks of its stages itself.
    """
    clock = clock or VirtualClock()
    client = ScriptedClient(script or [], takes_s, clock)
    return Session(
        "run",
        cast(Any, {"a": ScriptedTarget(client)} if targets is None else targets),
        Recorder(folder, worker),
        SessionRules(
            think_s=0.0,
            limits=read_limits(Slo()),
            retry_policy=policy or RetryPolicy(max_retries=2, base_s=0.02),
            retry_budget=RetryBudget(0),
        ),
        limiter or BudgetLimiter(Allowance(), prices={}, quotas={}),
        clock,
        leads=worker == 0,
    )


def add_users(session: Session, names: str) -> None:
    """Have a user ready for each letter."""
    for name in names:
        session.users.start_user(name)
        session.users.add_user(name)


def describe_stage(users: int = 1, **keys: Any) -> StagePlan:
    """A stage that measures for a minute, without ramp or settle."""
    lengths = {"ramp_ns": 0, "settle_ns": 0, "measure_ns": 60 * NS, "hold_ns": NS}
    named = {"stage": 3, "target": "a", "level": float(users), "repeat": 0}
    return StagePlan(**(named | {"users": users} | lengths | keys))


def begin_stage(session: Session, **keys: Any) -> StageRun:
    """Open a stage of a closed loop for all users."""
    plan = describe_stage(**({"users": session.users.ready} | keys))
    stage_run = StageRun(StageClock(plan, session.clock.now_ns()), slots=range(plan.users))
    session.admission.open_stages([stage_run])
    return stage_run


def begin_open_stage(session: Session, dues_ms: list[float], **keys: Any) -> StageRun:
    """Open a stage of an open loop, whose arrivals are due so long after its begin."""
    plan = describe_stage(users=session.users.ready, by="rate", **keys)
    schedule = iter([(number, round(due_ms * 1e6)) for number, due_ms in enumerate(dues_ms)])
    clock = StageClock(plan, session.clock.now_ns())
    stage_run = StageRun(clock, slots=range(plan.users), schedule=schedule)
    session.admission.open_stages([stage_run])
    return stage_run


def send_one(session: Session, user: str = "a") -> gevent.Greenlet:
    """A greenlet in which a user sends one request; its value are the rows of its attempts."""
    return gevent.spawn(lambda: send_request(session, session.admission.acquire_slot(user)))


def send_for_ever(session: Session, user: str) -> gevent.Greenlet:
    """A greenlet in which a user sends one request after another."""

    def run() -> None:
        while True:
            send_request(session, session.admission.acquire_slot(user))

    return gevent.spawn(run)
