"""The controller: runs the stages of a run on a backend, and owns the end.

Rule: stop, drain, flush, then quit, in this order. The controller decides and the backend follows: a verb
may come twice, and counts only grow; so it makes no difference to the controller whether a stage runs in this process
or in sixteen.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import gevent

from firsttoken.load.budget.ledger import Ledger
from firsttoken.load.control.counters import Counters
from firsttoken.load.control.phases import StageClock, advance_together
from firsttoken.load.control.progress import describe_stage
from firsttoken.load.control.stopping import StoppingRule
from firsttoken.load.session.gathering import TICK_S, Census, await_users
from firsttoken.load.session.gc_pause import gc_paused
from firsttoken.load.session.session import Session
from firsttoken.load.session.stage_report import Progress, StageReport
from firsttoken.load.session.stage_run import StageRun
from firsttoken.plan.order import StageOrder, count_users
from firsttoken.plan.stage import Group, find_schedule
from firsttoken.row import Outcome, StageEvent
from firsttoken.traffic.trace import Arrival

REPORT_EVERY = 25
"""Ticks between two lines of progress."""
SLOW_START_S = 5.0
"""After how long the start of users is reported."""
FLUSH_EVERY = 12
"""Ticks between two flushes of the journal: a quarter of a second."""


class Backend(Protocol):
    """What sends the load, in this process or in others, as the controller sees it."""

    @property
    def stopping(self) -> str | None:
        """Why the run must end before its plan, or None."""

    @property
    def failure(self) -> str | None:
        """Why the run has to end, in a sentence; None where nothing went wrong, also where it was interrupted."""

    @property
    def traceback(self) -> str:
        """Where a failure came from that is an exception of the locustfile."""

    @property
    def exhausted(self) -> str | None:
        """Which cap of the budget ends the run, in a sentence, or None while it may continue."""

    @property
    def workers_lost(self) -> int:
        """Load processes lost since the run began."""

    def now_ns(self) -> int:
        """Nanoseconds since the run's origin."""

    def next_start_ns(self) -> int:
        """When a stage that is begun now can start: once every process knows of it."""

    def gather_users(self, group: Group) -> str | None:
        """Have as many users ready as the group needs; else why that failed, in a sentence."""

    def begin_stages(self, clocks: Sequence[StageClock]) -> None:
        """Let the users of these stages send."""

    def collect_counters(self, clock: StageClock) -> Counters:
        """What was counted in a stage so far, by all processes."""

    def leaves_cycles(self, group: Group) -> bool:
        """Whether a client of these stages leaves garbage to collect, as the openai package does."""

    def advance_clocks(self, decided: Sequence[StageClock]) -> None:
        """Move the clocks to now; those of `decided` may end their measure phase."""

    def end_stages(self, outcome: Outcome) -> None:
        """Admit nothing more, end what is on the wire, and return once every process has drained and flushed."""

    def journal_event(self, event: StageEvent) -> None:
        """Journal a boundary."""

    def flush_journal(self) -> None:
        """Have what was journalled so far survive a kill."""

    def end_run(self) -> None:
        """The run is over: no user is wanted any more."""


class LocalBackend:
    """The backend of a run in one process: the session of this very process."""

    workers_lost = 0

    def __init__(self, session: Session, ledger: Ledger, seed: int, trace: Sequence[Arrival] | None) -> None:
        self._session = session
        self._ledger = ledger
        self._seed = seed
        self._trace = trace
        session.limiter.connect_ledger(self._top_up)
        self.journal_event = session.recorder.record_boundary
        self.flush_journal = session.recorder.flush
        self.collect_counters = session.counters.collect_counters
        self.end_run = session.end_run
        self.now_ns = self.next_start_ns = session.clock.now_ns

    def _top_up(self) -> None:
        """Send the allowance's top-up request to the ledger, if it has one, and add the grant."""
        allowance = self._session.limiter.allowance
        if top_up := allowance.write_top_up(self.now_ns()):
            allowance.add_grant(self._ledger.answer_top_up(0, top_up))

    @property
    def exhausted(self) -> str | None:
        return self._ledger.exhausted(self._session.clock.lasted_ns)

    @property
    def stopping(self) -> str | None:
        return self._session.cancellation.stopping

    @property
    def failure(self) -> str | None:
        return self._session.cancellation.failure

    @property
    def traceback(self) -> str:
        return self._session.cancellation.traceback

    def gather_users(self, group: Group) -> str | None:
        session, users = self._session, self._session.users
        users.request_users(count_users(group))

        def count() -> Census:
            return Census(users.wanted, users.ready, users.starting, users.left, users.ready == users.wanted)

        return await_users(count, lambda: self.stopping, users.request_again, session.clock.sleep)

    def begin_stages(self, clocks: Sequence[StageClock]) -> None:
        self._session.admission.open_stages(
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

    def advance_clocks(self, decided: Sequence[StageClock]) -> None:
        self._top_up()
        stage_runs = self._session.admission.stage_runs
        advance_together([(each.clock, each.counters) for each in stage_runs], self.now_ns(), decided)

    def end_stages(self, outcome: Outcome) -> None:
        self._session.admission.close_stages(outcome)
        while self._session.counters.busy:
            self._session.clock.sleep(TICK_S / 4)


class Controller:
    """Runs the stages of one run; `failure` is why it had to end, if it had to."""

    def __init__(
        self,
        backend: Backend,
        stage_order: StageOrder,
        stopping_rule: StoppingRule,
        progress: Progress,
        sleep: Callable[[float], None] = gevent.sleep,
    ) -> None:
        self.failure: str | None = None
        self.budget: str | None = None
        """Which cap of the budget ended the run, or whose credit was spent, in a sentence, if one did."""
        self._lost_in_stages = 0
        self._dead: dict[str, str] = {}
        """Target -> why it gets no more requests."""
        self._backend = backend
        self._stage_order = stage_order
        self._stopping_rule = stopping_rule
        self._progress = progress
        self._sleep = sleep
        self._report = StageReport(backend.journal_event, progress)

    def run(self) -> None:
        """Run every stage in order, until none is left, the run is stopped or the disk refuses."""
        backend = self._backend
        try:
            while not (backend.stopping or backend.exhausted) and (group := self._stage_order.next_group()):
                self.failure = self._gather_users(group)
                if self.failure or backend.stopping:
                    break
                for plan in group:
                    self._progress(describe_stage(plan, self._stage_order.stages))
                with self._pause_gc(group):
                    self._run_group(group)
                self.budget = self.budget or backend.exhausted
            self.failure = self.failure or backend.failure
        finally:
            backend.end_run()

    def _gather_users(self, group: Group) -> str | None:
        """Have the users of a group start, and report it where that takes long; why it failed, if it did."""
        reporting = gevent.spawn(self._report_slow_start, count_users(group))
        try:
            return self._backend.gather_users(group)
        finally:
            reporting.kill()

    def _report_slow_start(self, users: int) -> None:
        self._sleep(SLOW_START_S)
        self._progress({"event": "said", "sentence": f"starting users: {users:,}"})

    @property
    def lost_between(self) -> int:
        """Workers lost while no stage ran: before the first, between two, or on the way out."""
        return self._backend.workers_lost - self._lost_in_stages

    @property
    def traceback(self) -> str:
        """Where the failure came from that is an exception of the locustfile."""
        return self._backend.traceback

    def _pause_gc(self, group: Group) -> AbstractContextManager[None]:
        """Pause the garbage collector in a stage, but not for the openai package: an application has its pauses too."""
        return nullcontext() if self._backend.leaves_cycles(group) else gc_paused()

    def _run_group(self, group: Group) -> None:
        backend = self._backend
        start_ns, lost_between = backend.next_start_ns(), self.lost_between
        clocks = [StageClock(plan, start_ns) for plan in group]
        backend.begin_stages(clocks)
        ticks = 0
        while backend.stopping is None and any(clock.ended_ns is None for clock in clocks):
            stages = self._advance_clocks(clocks)
            self._report.journal_boundaries(stages)
            if ticks % REPORT_EVERY == 0:
                self._report.report_progress(stages, self._stage_order.left, backend.now_ns())
            if ticks % FLUSH_EVERY == 0:
                backend.flush_journal()
            ticks += 1
            self._sleep(TICK_S)
        ended_ns, broken_off = backend.now_ns(), backend.stopping
        backend.end_stages("cancelled_by_run" if broken_off is None else "cancelled_by_user")
        lost = self.lost_between - lost_between
        self._lost_in_stages += lost
        self._conclude(clocks, ended_ns, broken_off, lost)

    def _advance_clocks(self, clocks: Sequence[StageClock]) -> list[tuple[StageClock, Counters]]:
        """Move the clocks to now, and break off what is dead or can no longer be paid for; the counters by clock."""
        backend, now_ns = self._backend, self._backend.now_ns()
        stages = [(clock, backend.collect_counters(clock)) for clock in clocks]
        for clock, counters in stages:
            if why := self._stopping_rule.find_dead(clock, counters, now_ns):
                self._dead[clock.plan.target] = why
                self._stage_order.drop_target(clock.plan.target)
                clock.break_off(now_ns)
            elif why := self._stopping_rule.find_spent(clock, counters, now_ns):
                self._give_up_account(clock.plan.target, why)
                clock.break_off(now_ns)
            elif backend.exhausted:
                clock.break_off(now_ns, drains=counters.in_flight > 0)  # who waits for money then waits in vain
        backend.advance_clocks(
            [each for each, counters in stages if self._stopping_rule.is_enough(each, counters, now_ns)]
        )
        return stages

    def _give_up_account(self, target: str, why: str) -> None:
        """Send nothing more to targets whose account has no credit; it ends a run as a cap of its budget does."""
        self.budget = self.budget or why
        for name in self._stopping_rule.find_same_account(target):
            self._dead.setdefault(name, why)
            self._stage_order.drop_target(name)

    def _conclude(self, clocks: Sequence[StageClock], ended_ns: int, broken_off: str | None, lost: int) -> None:
        """Journal, report and hand to the stage order what the stages have shown that have ended."""
        backend = self._backend
        stages = [(clock, backend.collect_counters(clock)) for clock in clocks]
        self._report.journal_boundaries(stages)
        for clock, counters in stages:
            at_ns = max(clock.start_ns, ended_ns if clock.ended_ns is None else clock.ended_ns)
            reason = broken_off or self._dead.get(clock.plan.target) or backend.exhausted
            self._report.journal_end(clock, counters, at_ns, reason=reason, workers_lost=lost)
            measured_s = clock.measured_s(backend.now_ns())
            rate = counters.judged / measured_s if measured_s else 0.0
            self._stage_order.record_result(clock.plan, self._stopping_rule.judge_stage(counters), rate)
        self._report.report_results(stages, backend.now_ns())
