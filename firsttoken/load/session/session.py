"""The run inside one load process, and the admission that its users wait for.

Rule: a user sends only while a stage admits it; `intended` is when it became free, or when its arrival was due, and not
when it was woken.
"""

from __future__ import annotations

import random
import time
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import gevent
from gevent.event import AsyncResult, Event
from gevent.lock import BoundedSemaphore

from firsttoken.load.control.counters import Counters
from firsttoken.load.control.credit import Credit
from firsttoken.load.control.phases import StageClock, advance_together
from firsttoken.load.control.slo import Limits
from firsttoken.load.session.stage_run import Request, StageRun
from firsttoken.plan.retry import RetryBudget, RetryPolicy
from firsttoken.row import Outcome, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from firsttoken.load.budget.limiter import BudgetLimiter
    from firsttoken.load.session.journal import Recorder
    from firsttoken.load.session.target import LiveTarget


class Session:
    """The shared state of a run in one load process; all of it lives on one gevent hub."""

    def __init__(
        self,
        *,
        run_id: str,
        targets: dict[str, LiveTarget],
        policy: RetryPolicy,
        retries: RetryBudget,
        recorder: Recorder,
        origin_ns: int,
        think_s: float,
        limits: Limits,
        limiter: BudgetLimiter,
        value_of: Callable[[Sequence[Row]], float | None] | None = None,
        leads: bool = True,
    ) -> None:
        self.run_id = run_id
        self.targets = targets
        self.policy = policy
        self.retries = retries
        self.recorder = recorder
        self.origin_ns = origin_ns
        self._opened_ns = time.monotonic_ns() - origin_ns
        self.think_s = think_s
        self.wanted_users = 0
        self.over = False
        """The controller has ended the run: Locust's shape says stop."""
        self.interrupted: str | None = None
        """Who asked to stop, if somebody did."""
        self.failure: str | None = None
        """Why the run cannot go on, in a sentence for the user."""
        self.traceback = ""
        """Where that was an exception of the behaviour: where it came from."""
        self.stage_runs: list[StageRun] = []
        """The stages that run now."""
        self.users: dict[Hashable, int] = {}
        """Living users who are ready to ask, and which of them each is."""
        self.starting: set[Hashable] = set()
        """Living users whose `on_start` is not through yet."""
        self.left = 0
        """Users who were ready and live no more."""
        self.called_again = 0
        """How often Locust was asked to start those anew that are missing."""
        self._free: list[int] = []
        """Places of users who live no more, lowest first."""
        self.lateness_ns: list[int] = []
        """How late requests of an open loop were begun, since that was last taken."""
        self.limiter = limiter
        self.refill: Callable[[], None] = lambda: None
        """Asks for a top-up where the allowance has refused a request."""
        self.credits = {name: Credit() for name in targets}
        self._limits = limits
        self.value_of = value_of
        """What a level that measures until a figure is narrow wants to know of a request."""
        self._leads = leads
        self._places: dict[int, tuple[StageRun, int]] = {}
        """User -> its stage run and user slot."""
        self._dispatchers: list[gevent.Greenlet] = []
        self._is_open = False
        self._changed = Event()
        self._failures: set[str] = set()
        self._lines: dict[str, BoundedSemaphore] = {}
        self.draw = random.Random(run_id)
        """Of the jitter of back-offs."""

    def now_ns(self) -> int:
        """Nanoseconds since the run's origin."""
        return time.monotonic_ns() - self.origin_ns

    @property
    def lasted_ns(self) -> int:
        """How long this session has lasted: less than the run, where that was interrupted and continues."""
        return self.now_ns() - self._opened_ns

    @property
    def busy(self) -> int:
        """Users with a request: attempts and back-off together."""
        return sum(stage_run.counters.busy for stage_run in self.stage_runs)

    @property
    def in_flight(self) -> int:
        """Attempts on the wire."""
        return sum(target.client.in_flight for target in self.targets.values())

    def word_failure(self, last: Row) -> str:
        """What Locust is told of a request that failed: it keeps every text that it hears, so not all are told."""
        words = f"{last.outcome}: {last.error or ''}"[:200]
        if len(self._failures) < MOST_FAILURES:
            self._failures.add(words)
        return words if words in self._failures else f"{last.outcome}: in other words"

    def take_lateness(self) -> list[int]:
        """How late, in ns, requests of an open loop were begun since this was last asked."""
        taken, self.lateness_ns = self.lateness_ns, []
        return taken

    @property
    def stopping(self) -> str | None:
        """Why the run ends before its plan, or None."""
        return self.interrupted or self.failure or self.recorder.failure

    def fail(self, sentence: str, traceback: str = "") -> None:
        """The run cannot go on; what was first is told."""
        if self.failure is None:
            self.failure, self.traceback = sentence, traceback

    def interrupt(self, reason: str) -> None:
        """Stop in order: what is on the wire ends now, nobody sends anything more."""
        self.interrupted = self.interrupted or reason
        self._cancel("cancelled_by_user")

    def _cancel(self, outcome: Outcome) -> None:
        for target in self.targets.values():
            target.client.cancel_all(outcome)

    # -- the users ------------------------------------------------------------------------------------------------

    def add_user(self, user: Hashable) -> None:
        """A living user is ready: it takes the lowest free place."""
        self.starting.discard(user)
        if user not in self.users:
            self.users[user] = heappop(self._free) if self._free else len(self.users)

    def remove_user(self, user: Hashable) -> None:
        """A user lives no more."""
        self.starting.discard(user)
        number = self.users.pop(user, None)
        if number is not None:
            heappush(self._free, number)
            self.left += 1

    # -- admission ------------------------------------------------------------------------------------------------

    def open_admission(self, stage_runs: Sequence[StageRun]) -> None:
        """Give the living users their slots, stage run by stage run, and admit them."""
        self.stage_runs, self._places, self._dispatchers, self._free = [], {}, [], []
        self.users = {user: number for number, user in enumerate(self.users)}
        self._is_open = True
        self.admit_stage_runs(stage_runs)

    def admit_stage_runs(self, stage_runs: Sequence[StageRun]) -> None:
        """Add stage runs beside those that run, for users who have no slot yet."""
        self.stage_runs += stage_runs
        places = [(stage_run, slot) for stage_run in stage_runs for slot in stage_run.slots]
        self._places |= dict(enumerate(places, start=len(self._places)))
        self._dispatchers += [gevent.spawn(self._dispatch, stage_run) for stage_run in stage_runs if stage_run.is_open]
        self._wake()

    def close_admission(self, outcome: Outcome) -> None:
        """Admit no more requests and end what is still on the wire; `stage_runs` stay until the next ones begin."""
        self._is_open = False
        gevent.killall(self._dispatchers, block=False)
        for stage_run in self.stage_runs:
            stage_run.close()
        self._cancel(outcome)
        self._wake()

    def may_send(self, request: Request) -> bool:
        """Whether the stage of a request still runs."""
        return self._is_open and request.stage_run in self.stage_runs

    def record_limits(self, answers: Mapping[str, Row]) -> None:
        """Record each target's quota from its answer before the load."""
        for target, row in answers.items():
            if quota := self.limiter.quota(target):
                quota.record_limits(row)

    def line(self, target: str) -> BoundedSemaphore:
        """The line of those who wait for a share of a target's quota: who holds it is its head."""
        return self._lines.setdefault(target, BoundedSemaphore())

    def wait(self, timeout_s: float) -> None:
        """Sleep, but no longer than until admission opens or closes."""
        self._changed.wait(timeout=timeout_s)

    def _wake(self) -> None:
        waiting, self._changed = self._changed, Event()
        waiting.set()

    def collect_counters(self, clock: StageClock) -> Counters:
        """What this process counted in a stage."""
        stage_run = next(stage_run for stage_run in self.stage_runs if stage_run.clock is clock)
        counters, plan = stage_run.counters, clock.plan
        counters.started = self.recorder.started.get(plan.stage, 0)
        counters.in_flight = self.targets[plan.target].client.in_flight
        stage_run.judge_measured(self._limits, self.now_ns())
        stage_run.count_streams(self.now_ns())
        stage_run.record_idle(self._find_empty(stage_run), self.now_ns())
        return counters

    def _find_empty(self, stage_run: StageRun) -> list[int]:
        """Slots of a stage whose user does not live."""
        first = len(self.users) + len(self._free)
        if not self._free and first >= len(self._places):
            return []
        numbers = [*self._free, *range(first, len(self._places))]
        places = [self._places[number] for number in numbers if number in self._places]
        return [slot for owner, slot in places if owner is stage_run]

    def _advance(self) -> None:
        if self._leads:
            advance_together([(stage_run.clock, stage_run.counters) for stage_run in self.stage_runs], self.now_ns())

    def acquire_slot(self, user: Hashable) -> Request:
        """Block until a stage lets this user send one more request."""
        free_ns = self.now_ns()
        if user in self.starting:
            self.add_user(user)
        while True:
            self._advance()
            place = self._places.get(self.users.get(user, -1))
            if place is None or not self._is_open or self.stopping is not None:
                self._changed.wait()
                continue
            stage_run, slot = place
            if stage_run.is_open:
                request = stage_run.go_on(user, free_ns) or self._await_arrival(stage_run)
            else:
                request = self._await_turn(stage_run, slot, free_ns)
            if request is not None:
                stage_run.remember(user, request)
                return request

    def _await_turn(self, stage_run: StageRun, slot: int, free_ns: int) -> Request | None:
        """The next request of a slot; None where admission has to be checked again."""
        opens_ns = None if stage_run.full else stage_run.find_opening(slot, self.now_ns())
        wait_ns = None if opens_ns is None else opens_ns - self.now_ns()
        if opens_ns is None or wait_ns is None or wait_ns > 0:
            self._changed.wait(timeout=None if wait_ns is None else wait_ns / 1e9)
            return None
        return stage_run.take_turn(slot, max(free_ns, opens_ns))

    def _await_arrival(self, stage_run: StageRun) -> Request | None:
        """The next arrival that falls to an idle user; None where admission has closed."""
        handed: AsyncResult[Request | None] = AsyncResult()
        stage_run.idle.append(handed)
        try:
            request: Request | None = handed.get()
            return request
        except BaseException:
            if handed.ready() and handed.value is not None:
                stage_run.release(handed.value)
            elif not handed.ready():
                stage_run.idle.remove(handed)
            raise

    def _dispatch(self, stage_run: StageRun) -> None:
        """Hand out the arrivals of an open loop when they are due, however the answers come."""
        target = self.targets[stage_run.clock.plan.target]
        while (
            len(stage_run.idle) < min(len(stage_run.slots), len(self.users))
            and self.now_ns() < stage_run.clock.start_ns + USERS_READY_NS
        ):
            gevent.sleep(0)
        for number, due_ns in stage_run.schedule:
            due_ns += stage_run.clock.start_ns
            ask = target.build_request(stage_run.clock.plan, number, 0)  # now, while there is time
            while (wait_ns := due_ns - self.now_ns()) > 0:
                gevent.sleep(wait_ns / 1e9)
            self._advance()
            if stage_run.full or self.stopping is not None:
                return
            stage_run.arrive(number, due_ns, ask)


MOST_FAILURES = 200
"""Texts of failures that are told apart in Locust's own tables; the rows have all of them."""
USERS_READY_NS = 100_000_000
"""How long the first arrival waits at most for the users of its stage to be ready."""
