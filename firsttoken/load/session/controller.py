"""The controller: runs the stages of a run on a backend, and owns the end.

Rule: stop, drain, flush, then quit, in this order; a stage that was interrupted says so in the journal, and the
journal's count of started attempts is written at every boundary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import gevent

from firsttoken.load.control.counters import Counters
from firsttoken.load.control.phases import StageClock
from firsttoken.load.control.progress import describe_result, describe_stage, describe_tick, find_left_ns, find_usd
from firsttoken.load.control.stopping import StoppingRule
from firsttoken.load.session.backend import TICK_S, Backend
from firsttoken.load.session.gc_pause import gc_paused
from firsttoken.plan.order import StageOrder, count_users
from firsttoken.plan.stage import Group
from firsttoken.row import StageEvent

REPORT_EVERY = 25
"""Ticks between two lines of progress."""
SLOW_START_S = 5.0
"""After how long of starting users that is said."""
FLUSH_EVERY = 12
"""Ticks between two flushes of the journal: a quarter of a second."""

Progress = Callable[[dict[str, object]], None]


class Controller:
    """One run's: `failure` says why it could not go on, if it could not."""

    def __init__(
        self, backend: Backend, stage_order: StageOrder, stopping_rule: StoppingRule, progress: Progress
    ) -> None:
        self.failure: str | None = None
        self.budget: str | None = None
        """Which cap of the budget ended the run, or whose credit was spent, in a sentence, if one did."""
        self._lost_in_stages = 0
        self._finished: list[Counters] = []
        """What the stages that have ended cost."""
        self._dead: dict[str, str] = {}
        """Target -> why it is asked no more."""
        self._backend = backend
        self._stage_order = stage_order
        self._stopping_rule = stopping_rule
        self._progress = progress

    def run(self) -> None:
        """Run every stage in order, until none is left, the run is stopped or the disk refuses."""
        backend = self._backend
        try:
            while not (backend.stopping or backend.exhausted) and (group := self._stage_order.next_group()):
                self.failure = self._gather(group)
                if self.failure or backend.stopping:
                    break
                for plan in group:
                    self._progress(describe_stage(plan, self._stage_order.stages))
                with self._pause_gc(group):
                    self._run(group)
                self.budget = self.budget or backend.exhausted
            self.failure = self.failure or backend.failure
        finally:
            backend.leave()

    def _gather(self, group: Group) -> str | None:
        """Have the users of a group start, and say so where that takes long; why it failed, if it did."""
        sentence = f"starting users: {count_users(group):,}"
        saying = gevent.spawn_later(SLOW_START_S, self._progress, {"event": "said", "sentence": sentence})
        try:
            return self._backend.gather(group)
        finally:
            saying.kill()

    @property
    def lost_between(self) -> int:
        """Workers lost while no stage ran: before the first, between two, or on the way out."""
        return self._backend.workers_lost - self._lost_in_stages

    def _pause_gc(self, group: Group) -> AbstractContextManager[None]:
        """Pause the garbage collector in a stage, but not for the openai package: an application has its pauses too."""
        return nullcontext() if self._backend.leaves_cycles(group) else gc_paused()

    def _run(self, group: Group) -> None:
        backend = self._backend
        start_ns, lost_between = backend.next_start_ns(), self.lost_between
        clocks = [StageClock(plan, start_ns) for plan in group]
        journalled = dict.fromkeys(clocks, 0)
        backend.begin(clocks)
        ticks = 0
        while backend.stopping is None and any(clock.ended_ns is None for clock in clocks):
            self._move(clocks)
            self._journal_boundaries(journalled)
            if ticks % REPORT_EVERY == 0:
                self._report_progress(clocks)
            if ticks % FLUSH_EVERY == 0:
                backend.flush()
            ticks += 1
            gevent.sleep(TICK_S)
        ended_ns, broken_off = backend.now_ns(), backend.stopping
        backend.end("cancelled_by_run" if broken_off is None else "cancelled_by_user")
        self._journal_boundaries(journalled)
        lost = self.lost_between - lost_between
        self._lost_in_stages += lost
        for clock in clocks:
            at_ns = max(clock.start_ns, ended_ns if clock.ended_ns is None else clock.ended_ns)
            reason = broken_off or self._dead.get(clock.plan.target) or backend.exhausted
            self._mark(clock, "end", at_ns, reason=reason, workers_lost=lost)
            self._conclude(clock)
        self._report_results(clocks)

    def _move(self, clocks: Sequence[StageClock]) -> None:
        """Move the clocks to now, and break off what is dead or can no longer be paid for."""
        backend, now_ns = self._backend, self._backend.now_ns()
        by_clock = {clock: backend.collect_counters(clock) for clock in clocks}
        for clock, counters in by_clock.items():
            if why := self._stopping_rule.find_dead(clock, counters, now_ns):
                self._dead[clock.plan.target] = why
                self._stage_order.give_up(clock.plan.target)
                clock.break_off(now_ns)
            elif why := self._stopping_rule.find_spent(clock, counters, now_ns):
                self._give_up_account(clock.plan.target, why)
                clock.break_off(now_ns)
            elif backend.exhausted:
                clock.break_off(now_ns, drains=counters.in_flight > 0)  # who waits for money then waits in vain
        backend.advance(
            [clock for clock, counters in by_clock.items() if self._stopping_rule.is_enough(clock, counters, now_ns)]
        )

    def _give_up_account(self, target: str, why: str) -> None:
        """Ask no target more whose account has no credit; it ends a run as a cap of its budget does."""
        self.budget = self.budget or why
        for name in self._stopping_rule.find_same_account(target):
            self._dead.setdefault(name, why)
            self._stage_order.give_up(name)

    def _conclude(self, clock: StageClock) -> None:
        """Record in the stage order what a stage has shown."""
        counters = self._backend.collect_counters(clock)
        measured_s = clock.measured_s(self._backend.now_ns())
        rate = counters.judged / measured_s if measured_s else 0.0
        self._stage_order.record_result(clock.plan, self._stopping_rule.judge_stage(counters), rate)

    def _journal_boundaries(self, journalled: dict[StageClock, int]) -> None:
        """Journal the boundaries that came since; `journalled` is how many were, by clock."""
        for clock in journalled:
            for phase, began_ns in clock.boundaries[journalled[clock] :]:
                self._mark(clock, phase, began_ns)
            journalled[clock] = len(clock.boundaries)

    def _mark(
        self, clock: StageClock, event: str, at_ns: int, reason: str | None = None, workers_lost: int = 0
    ) -> None:
        plan, counters = clock.plan, self._backend.collect_counters(clock)
        self._backend.mark(
            StageEvent(
                stage=plan.stage,
                target=plan.target,
                level=plan.level,
                repeat=plan.repeat,
                event=event,  # type: ignore[arg-type]  # a phase or "end"; the clock's own words
                at_ns=at_ns,
                users=plan.users,
                started=counters.started,
                reason=reason,
                by=plan.by,
                shape=plan.shape,
                mean_level=plan.mean_level,
                confirms=plan.confirms,
                dropped=counters.dropped,
                workers_lost=workers_lost,
                idle_ns=counters.idle_ns if plan.by == "users" else None,
                kept=counters.kept,
                judged=counters.judged,
            )
        )

    def _report_progress(self, clocks: Sequence[StageClock]) -> None:
        stages = [(clock, self._backend.collect_counters(clock)) for clock in clocks]
        now_ns = self._backend.now_ns()
        left_ns = find_left_ns(stages, self._stage_order.left, now_ns)
        usd = find_usd([*self._finished, *(counters for _, counters in stages)])
        for clock, counters in stages:
            self._progress(describe_tick(clock, counters, now_ns, left_ns, usd))

    def _report_results(self, clocks: Sequence[StageClock]) -> None:
        """Tell what the stages have shown that have just ended."""
        stages = [(clock, self._backend.collect_counters(clock)) for clock in clocks]
        self._finished += [Counters(nano_usd=counters.nano_usd, unpriced=counters.unpriced) for _, counters in stages]
        for clock, counters in stages:
            self._progress(describe_result(clock, counters, self._backend.now_ns(), find_usd(self._finished)))
