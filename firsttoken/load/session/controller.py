"""The conductor: takes a crew through the stages of a run, and owns the end.

Rule: stop, drain, flush, then quit, in this order; a stage that was interrupted says so in the journal, and the
journal's count of started attempts is written at every boundary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import gevent

from firsttoken.load.control.counters import Tally
from firsttoken.load.control.phases import StageClock
from firsttoken.load.control.progress import describe_result, describe_stage, describe_tick, find_left_ns, find_usd
from firsttoken.load.control.stopping import Judge
from firsttoken.load.session.backend import TICK_S, Crew
from firsttoken.load.session.gc_pause import uncollected
from firsttoken.plan.order import Itinerary, count_users
from firsttoken.plan.stage import Group
from firsttoken.row import StageEvent

REPORT_EVERY = 25
"""Ticks between two lines of progress."""
SLOW_START_S = 5.0
"""After how long of starting users that is said."""
FLUSH_EVERY = 12
"""Ticks between two flushes of the journal: a quarter of a second."""

Progress = Callable[[dict[str, object]], None]


class Conductor:
    """One run's: `failure` says why it could not go on, if it could not."""

    def __init__(self, crew: Crew, itinerary: Itinerary, judge: Judge, progress: Progress) -> None:
        self.failure: str | None = None
        self.budget: str | None = None
        """Which cap of the budget ended the run, or whose credit was spent, in a sentence, if one did."""
        self._lost_in_stages = 0
        self._finished: list[Tally] = []
        """What the stages that have ended cost."""
        self._dead: dict[str, str] = {}
        """Target -> why it is asked no more."""
        self._crew = crew
        self._itinerary = itinerary
        self._judge = judge
        self._progress = progress

    def conduct(self) -> None:
        """Run every stage in order, until the way is through, somebody stops it or the disk refuses."""
        crew = self._crew
        try:
            while not (crew.stopping or crew.exhausted) and (group := self._itinerary.next_group()):
                self.failure = self._gather(group)
                if self.failure or crew.stopping:
                    break
                for plan in group:
                    self._progress(describe_stage(plan, self._itinerary.stages))
                with self._keep_garbage(group):
                    self._run(group)
                self.budget = self.budget or crew.exhausted
            self.failure = self.failure or crew.failure
        finally:
            crew.leave()

    def _gather(self, group: Group) -> str | None:
        """Have the users of a group start, and say so where that takes long; why it failed, if it did."""
        sentence = f"starting users: {count_users(group):,}"
        saying = gevent.spawn_later(SLOW_START_S, self._progress, {"event": "said", "sentence": sentence})
        try:
            return self._crew.gather(group)
        finally:
            saying.kill()

    @property
    def lost_between(self) -> int:
        """Workers lost while no stage ran: before the first, between two, or on the way out."""
        return self._crew.workers_lost - self._lost_in_stages

    def _keep_garbage(self, group: Group) -> AbstractContextManager[None]:
        """Collect no garbage in a stage, unless the openai package makes it: an application has those pauses too."""
        return nullcontext() if self._crew.makes_garbage(group) else uncollected()

    def _run(self, group: Group) -> None:
        crew = self._crew
        start_ns, lost_between = crew.next_start_ns(), self.lost_between
        clocks = [StageClock(plan, start_ns) for plan in group]
        told = dict.fromkeys(clocks, 0)
        crew.begin(clocks)
        ticks = 0
        while crew.stopping is None and any(clock.ended_ns is None for clock in clocks):
            self._move(clocks)
            self._tell_boundaries(told)
            if ticks % REPORT_EVERY == 0:
                self._tell_progress(clocks)
            if ticks % FLUSH_EVERY == 0:
                crew.flush()
            ticks += 1
            gevent.sleep(TICK_S)
        ended_ns, broken_off = crew.now_ns(), crew.stopping
        crew.end("cancelled_by_run" if broken_off is None else "cancelled_by_user")
        self._tell_boundaries(told)
        lost = self.lost_between - lost_between
        self._lost_in_stages += lost
        for clock in clocks:
            at_ns = max(clock.start_ns, ended_ns if clock.ended_ns is None else clock.ended_ns)
            reason = broken_off or self._dead.get(clock.plan.target) or crew.exhausted
            self._mark(clock, "end", at_ns, reason=reason, workers_lost=lost)
            self._conclude(clock)
        self._tell_results(clocks)

    def _move(self, clocks: Sequence[StageClock]) -> None:
        """Move the clocks to now, and break off what is dead or can no longer be paid for."""
        crew, now_ns = self._crew, self._crew.now_ns()
        tallies = {clock: crew.tally(clock) for clock in clocks}
        for clock, tally in tallies.items():
            if why := self._judge.find_dead(clock, tally, now_ns):
                self._dead[clock.plan.target] = why
                self._itinerary.give_up(clock.plan.target)
                clock.break_off(now_ns)
            elif why := self._judge.find_spent(clock, tally, now_ns):
                self._give_up_account(clock.plan.target, why)
                clock.break_off(now_ns)
            elif crew.exhausted:
                clock.break_off(now_ns, drains=tally.in_flight > 0)  # who waits for money then waits in vain
        crew.advance([clock for clock, tally in tallies.items() if self._judge.is_enough(clock, tally, now_ns)])

    def _give_up_account(self, target: str, why: str) -> None:
        """Ask no target more whose account has no credit; it ends a run as a cap of its budget does."""
        self.budget = self.budget or why
        for name in self._judge.find_same_account(target):
            self._dead.setdefault(name, why)
            self._itinerary.give_up(name)

    def _conclude(self, clock: StageClock) -> None:
        """Tell the itinerary what a stage has shown."""
        tally = self._crew.tally(clock)
        measured_s = clock.measured_s(self._crew.now_ns())
        rate = tally.judged / measured_s if measured_s else 0.0
        self._itinerary.note(clock.plan, self._judge.verdict(tally), rate)

    def _tell_boundaries(self, told: dict[StageClock, int]) -> None:
        """Journal the boundaries that came since; `told` is how many were, by clock."""
        for clock in told:
            for phase, began_ns in clock.boundaries[told[clock] :]:
                self._mark(clock, phase, began_ns)
            told[clock] = len(clock.boundaries)

    def _mark(
        self, clock: StageClock, event: str, at_ns: int, reason: str | None = None, workers_lost: int = 0
    ) -> None:
        plan, tally = clock.plan, self._crew.tally(clock)
        self._crew.mark(
            StageEvent(
                stage=plan.stage,
                target=plan.target,
                level=plan.level,
                repeat=plan.repeat,
                event=event,  # type: ignore[arg-type]  # a phase or "end"; the clock's own words
                at_ns=at_ns,
                users=plan.users,
                started=tally.started,
                reason=reason,
                by=plan.by,
                shape=plan.shape,
                mean_level=plan.mean_level,
                confirms=plan.confirms,
                dropped=tally.dropped,
                workers_lost=workers_lost,
                idle_ns=tally.idle_ns if plan.by == "users" else None,
                kept=tally.kept,
                judged=tally.judged,
            )
        )

    def _tell_progress(self, clocks: Sequence[StageClock]) -> None:
        stages = [(clock, self._crew.tally(clock)) for clock in clocks]
        now_ns = self._crew.now_ns()
        left_ns = find_left_ns(stages, self._itinerary.left, now_ns)
        usd = find_usd([*self._finished, *(tally for _, tally in stages)])
        for clock, tally in stages:
            self._progress(describe_tick(clock, tally, now_ns, left_ns, usd))

    def _tell_results(self, clocks: Sequence[StageClock]) -> None:
        """Tell what the stages have shown that have just ended."""
        stages = [(clock, self._crew.tally(clock)) for clock in clocks]
        self._finished += [Tally(nano_usd=tally.nano_usd, unpriced=tally.unpriced) for _, tally in stages]
        for clock, tally in stages:
            self._progress(describe_result(clock, tally, self._crew.now_ns(), find_usd(self._finished)))
