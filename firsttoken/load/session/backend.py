"""The backend: what sends the load, in this process or in others, as the controller sees it.

Rule: the controller decides and the backend follows. It may be told the same thing twice, and its counts only grow; so
it makes no difference to the controller whether a stage runs in this process or in sixteen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import gevent

from firsttoken.load.budget.ledger import Ledger
from firsttoken.load.control.counters import Counters
from firsttoken.load.control.phases import StageClock, advance_together
from firsttoken.load.session.session import Session
from firsttoken.load.session.stage_run import StageRun
from firsttoken.plan.stage import Group, find_schedule
from firsttoken.row import Outcome, StageEvent
from firsttoken.traffic.trace import Arrival

TICK_S = 0.02
SPAWN_PATIENCE_S = 30.0
"""How long nobody may become ready before the run is given up."""
CALL_AGAIN_S = 3.0
"""How long to wait for users that Locust has to start before it is asked again."""


class Backend(Protocol):
    """What the controller needs of whatever sends the load."""

    @property
    def stopping(self) -> str | None:
        """Why the run must end before its plan, or None."""

    @property
    def failure(self) -> str | None:
        """Why the run cannot go on, in a sentence; None where nothing went wrong, also where somebody stopped it."""

    @property
    def traceback(self) -> str:
        """Where a failure came from that is an exception of the behaviour's."""

    @property
    def exhausted(self) -> str | None:
        """Which cap of the budget ends the run, in a sentence, or None while it may go on."""

    @property
    def workers_lost(self) -> int:
        """Load processes lost since the run began."""

    def now_ns(self) -> int:
        """Nanoseconds since the run's origin."""

    def next_start_ns(self) -> int:
        """When a stage that is begun now can start: so soon that everybody has been told of it by then."""

    def gather(self, group: Group) -> str | None:
        """Have so many users living as the group needs; else why that failed, in a sentence."""

    def begin(self, clocks: Sequence[StageClock]) -> None:
        """Admit the users of these stages."""

    def collect_counters(self, clock: StageClock) -> Counters:
        """What was counted in a stage so far, by all."""

    def leaves_cycles(self, group: Group) -> bool:
        """Whether sending in these stages leaves reference cycles behind, as the openai package does."""

    def advance(self, enough: Sequence[StageClock]) -> None:
        """Move the clocks to now, and report it where needed; those of `enough` may end their measure phase."""

    def end(self, outcome: Outcome) -> None:
        """Admit no more requests, end what is on the wire, and return once all is drained and flushed."""

    def mark(self, event: StageEvent) -> None:
        """Journal a boundary."""

    def flush(self) -> None:
        """Have what was journalled so far survive a kill."""

    def leave(self) -> None:
        """The run is over: no users are needed any more."""


class LocalBackend:
    """The backend of one load process: the session of this process, called directly."""

    workers_lost = 0

    def __init__(self, session: Session, ledger: Ledger, seed: int, trace: Sequence[Arrival] | None) -> None:
        self._session = session
        self._ledger = ledger
        self._seed = seed
        self._trace = trace
        session.refill = self._refill

    def _refill(self) -> None:
        """Send the allowance's top-up request to the ledger, if it has one, and add the grant."""
        allowance = self._session.limiter.allowance
        if top_up := allowance.write_top_up(self.now_ns()):
            allowance.add_grant(self._ledger.answer_top_up(0, top_up))

    @property
    def exhausted(self) -> str | None:
        return self._ledger.exhausted(self._session.lasted_ns)

    @property
    def stopping(self) -> str | None:
        return self._session.stopping

    @property
    def failure(self) -> str | None:
        return self._session.failure

    @property
    def traceback(self) -> str:
        return self._session.traceback

    def now_ns(self) -> int:
        return self._session.now_ns()

    def next_start_ns(self) -> int:
        return self.now_ns()

    def gather(self, group: Group) -> str | None:
        session = self._session
        session.wanted_users = wanted = sum(plan.users for plan in group)
        patience = Patience()
        while len(session.users) != wanted:
            if session.stopping:
                return session.stopping
            if patience.wears_out(len(session.users)):
                return describe_missing_users(wanted, len(session.users), len(session.starting), session.left)
            if patience.is_time_to_call():
                session.called_again += 1  # whoever left by itself in an earlier stage is to come again
            gevent.sleep(TICK_S)
        return None

    def begin(self, clocks: Sequence[StageClock]) -> None:
        self._session.open_admission(
            [
                StageRun(
                    clock,
                    slots=range(clock.plan.users),
                    schedule=find_schedule(clock.plan, self._seed, self._trace),
                )
                for clock in clocks
            ]
        )

    def leaves_cycles(self, group: Group) -> bool:
        return any(self._session.targets[plan.target].target.client == "sdk" for plan in group)

    def collect_counters(self, clock: StageClock) -> Counters:
        return self._session.collect_counters(clock)

    def advance(self, enough: Sequence[StageClock]) -> None:
        session = self._session
        self._refill()
        advance_together(
            [(stage_run.clock, stage_run.counters) for stage_run in session.stage_runs], session.now_ns(), enough
        )

    def end(self, outcome: Outcome) -> None:
        self._session.close_admission(outcome)
        while self._session.busy:
            gevent.sleep(TICK_S / 4)

    def mark(self, event: StageEvent) -> None:
        self._session.recorder.mark_stage(event)

    def flush(self) -> None:
        self._session.recorder.flush()

    def leave(self) -> None:
        self._session.over = True
        self._session.recorder.flush()


class Patience:
    """How long to wait for users to be ready: as long as their number grows now and then."""

    def __init__(self) -> None:
        self._waited_s = 0.0
        self._ready = 0
        self._calls = 0

    def wears_out(self, ready: int) -> bool:
        """Whether nobody has become ready for too long; asked once a tick."""
        self._waited_s = self._waited_s + TICK_S if ready == self._ready else 0.0
        self._ready = ready
        return self._waited_s > SPAWN_PATIENCE_S

    def is_time_to_call(self) -> bool:
        """Whether Locust is to be told again how many are wanted."""
        due = int(self._waited_s / CALL_AGAIN_S)
        is_due, self._calls = due > self._calls, due
        return is_due


def describe_missing_users(wanted: int, ready: int, starting: int, left: int) -> str:
    """Why a stage cannot begin: users in their `on_start`, users that ended themselves, or none started at all."""
    expected = f"expected {wanted} users to be ready, got {ready} and no more for {SPAWN_PATIENCE_S:.0f} s"
    if starting:
        return f"{expected}: {starting} are still in their on_start; it has to come to an end before a stage begins"
    if left:
        return (
            f"{expected}: {left} have ended by themselves since the run began, as StopUser ends one; let them go on, "
            "or ask for fewer"
        )
    return f"{expected}, and Locust has started no others; fewer users, or more workers, would help"
