"""What the controller reports of its stages: boundaries to the journal, progress and results to the command.

Rule: every boundary of a stage is journalled once, in order, with the counters of that moment.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from firsttoken.load.control.counters import Counters
from firsttoken.load.control.phases import StageClock
from firsttoken.load.control.progress import Event, describe_result, describe_tick, find_left_ns, find_usd
from firsttoken.plan.stage import Group
from firsttoken.row import Phase, StageEvent

Progress = Callable[[Event], None]
Counted = Sequence[tuple[StageClock, Counters]]


class StageReport:
    """The reports of one run."""

    def __init__(self, journal: Callable[[StageEvent], None], progress: Progress) -> None:
        self._journal = journal
        self._progress = progress
        self._journalled: dict[StageClock, int] = {}
        """How many boundaries of each running stage are in the journal."""
        self._finished: list[Counters] = []
        """What the stages that have ended cost."""

    def journal_boundaries(self, stages: Counted) -> None:
        """Journal the boundaries that the stages have passed since the last call."""
        for clock, counters in stages:
            done = self._journalled.get(clock, 0)
            for phase, began_ns in clock.boundaries[done:]:
                self._journal(describe_boundary(clock, counters, phase, began_ns))
            self._journalled[clock] = len(clock.boundaries)

    def journal_end(
        self, clock: StageClock, counters: Counters, at_ns: int, *, reason: str | None, workers_lost: int
    ) -> None:
        """Journal the end of a stage; `reason` is why it ended before its plan, if it did."""
        end = describe_boundary(clock, counters, "end", at_ns)
        end.reason, end.workers_lost = reason, workers_lost
        self._journal(end)
        del self._journalled[clock]

    def report_progress(self, stages: Counted, groups: Sequence[Group] | None, now_ns: int) -> None:
        """Report how the running stages stand; `groups` are the stages that follow, None where that is unknown."""
        left_ns = find_left_ns(stages, groups, now_ns)
        usd = find_usd([*self._finished, *(counters for _, counters in stages)])
        for clock, counters in stages:
            self._progress(describe_tick(clock, counters, now_ns, left_ns, usd))

    def report_results(self, stages: Counted, now_ns: int) -> None:
        """Report what the stages have shown that have just ended."""
        self._finished += [Counters(nano_usd=each.nano_usd, unpriced=each.unpriced) for _, each in stages]
        for clock, counters in stages:
            self._progress(describe_result(clock, counters, now_ns, find_usd(self._finished)))


def describe_boundary(clock: StageClock, counters: Counters, event: Phase | Literal["end"], at_ns: int) -> StageEvent:
    """One boundary of a stage, with its counters at that moment; `event` is a phase that begins, or "end"."""
    plan = clock.plan
    return StageEvent(
        stage=plan.stage,
        target=plan.target,
        level=plan.level,
        repeat=plan.repeat,
        event=event,
        at_ns=at_ns,
        users=plan.users,
        started=counters.started,
        by=plan.by,
        shape=plan.shape,
        mean_level=plan.mean_level,
        confirms=plan.confirms,
        dropped=counters.dropped,
        idle_ns=counters.idle_ns if plan.by == "users" else None,
        kept=counters.kept,
        judged=counters.judged,
    )
