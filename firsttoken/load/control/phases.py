"""The clock of one stage: ramp, settle, measure, hold. Pure: every call gets the time.

Rule: boundaries are instants on the run's clock, fixed by the plan and not by the moment of a check; a request
belongs to the phase in which it was intended. One process moves a stage's clock, all others follow.

"auto" (all lengths from the end-to-end times of requests that ended in this stage):
  settle  ends once it has lasted 2 x p95, at least 3 s, at most 60 s
  measure ends once it has lasted 5 x p99, at least 15 s, and what it shows is known well enough; at most 300 s
Where a stage is to find something out, its measure phase ends once that is known, within the plan's least and most.
The hold of an open loop lasts at least until what was due at the end of measure has started, and was reported.
"""

from collections.abc import Container, Sequence

from firsttoken.decoding.duration import NS
from firsttoken.load.control.counters import Counters
from firsttoken.load.control.histogram import Histogram
from firsttoken.plan.stage import StagePlan
from firsttoken.plan.windows import MEASURE_S, SETTLE_S
from firsttoken.row import Phase

AUTO = {"settle": (0.95, 2, SETTLE_S), "measure": (0.99, 5, MEASURE_S)}
LEAST_HOLD_NS = NS // 2
FOLLOWING: dict[Phase, Phase] = {"ramp": "settle", "settle": "measure", "measure": "hold"}


class StageClock:
    """Where a stage stands: `boundaries` holds (phase, began_ns) in order, `ended_ns` is None while it runs."""

    def __init__(self, plan: StagePlan, start_ns: int) -> None:
        self.plan = plan
        self.boundaries: list[tuple[Phase, int]] = [("ramp", start_ns)]
        self.ended_ns: int | None = None
        self.unfinished = 0
        """Requests of the measure phase still open when the stage ended."""

    @property
    def start_ns(self) -> int:
        return self.boundaries[0][1]

    @property
    def phase(self) -> Phase:
        return self.boundaries[-1][0]

    @property
    def is_measuring(self) -> bool:
        """Whether load is wanted for what is measured, or still will be."""
        return self.ended_ns is None and self.phase != "hold"

    def phase_at(self, at_ns: int) -> Phase:
        """The phase in which an instant falls; an instant before the ramp counts as ramp."""
        phase: Phase = "ramp"
        for name, began_ns in self.boundaries:
            if at_ns >= began_ns:
                phase = name
        return phase

    def measured_s(self, now_ns: int) -> float:
        """How long the measure phase has lasted, in seconds; 0 before it."""
        marks = dict(self.boundaries)
        return 0.0 if "measure" not in marks else (marks.get("hold", now_ns) - marks["measure"]) / NS

    def admits(self, issued: int) -> bool:
        """Whether one more request may be issued after `issued` of them."""
        return self.ended_ns is None and (self.plan.requests == 0 or issued < self.plan.requests)

    def advance(self, now_ns: int, counters: Counters, *, enough: bool = False, pending: int = 0) -> None:
        """Move over every boundary that `now_ns` has passed.

        `enough`: what the measure phase was to find out is known; `pending`: stages beside this one that still
        measure, and want the load of this one as it is.
        """
        while self.ended_ns is None:
            phase, began_ns = self.boundaries[-1]
            if phase == "hold":
                still_open = counters.open_measured + pending
                most_ns = self.plan.hold_ns
                least_ns = min(most_ns, LEAST_HOLD_NS) if self.plan.by == "rate" else 0
                if now_ns >= began_ns + (least_ns if still_open == 0 else most_ns):
                    self.unfinished, self.ended_ns = counters.open_measured, now_ns
                return
            until_ns = self._until_ns(phase, began_ns, now_ns, counters, enough)
            if until_ns is None or now_ns < until_ns:
                return
            self.boundaries.append((FOLLOWING[phase], until_ns))

    def break_off(self, now_ns: int, *, drains: bool = False) -> None:
        """End it before its plan: at once, or where it `drains` and is measuring, once what is measured has ended."""
        if self.ended_ns is None and drains and self.phase == "measure":
            self.boundaries.append(("hold", now_ns))
        elif self.ended_ns is None and not (drains and self.phase == "hold"):
            self.ended_ns = now_ns

    def follow(self, phases: Sequence[Phase], now_ns: int) -> None:
        """Move into those of `phases`, which the process that moves this clock reports in order, that are new."""
        self.boundaries += [(phase, now_ns) for phase in phases[len(self.boundaries) :]]

    def _until_ns(self, phase: Phase, began_ns: int, now_ns: int, counters: Counters, enough: bool) -> int | None:
        plan = self.plan
        if phase == "ramp":
            return began_ns + plan.ramp_ns
        if phase == "measure" and plan.requests and counters.issued >= plan.requests:
            return now_ns
        if phase == "measure" and enough and plan.least_ns is not None and now_ns >= began_ns + plan.least_ns:
            return now_ns
        length_ns = plan.settle_ns if phase == "settle" else plan.measure_ns
        if length_ns is None and phase == "measure" and plan.requests:
            return None
        if length_ns is None:
            return _auto_ns(phase, began_ns, now_ns, counters.e2e, enough=enough or phase == "settle")
        return began_ns + length_ns


def _auto_ns(phase: Phase, began_ns: int, now_ns: int, e2e: Histogram, *, enough: bool) -> int | None:
    q, times, bounds_s = AUTO[phase]
    least_ns, most_ns = (round(bound_s * NS) for bound_s in bounds_s)
    if now_ns >= began_ns + most_ns:
        return began_ns + most_ns
    worst_ns = e2e.quantile(q) if enough and now_ns >= began_ns + least_ns else None
    return now_ns if worst_ns is not None and now_ns >= began_ns + times * worst_ns else None


def advance_together(
    stages: Sequence[tuple[StageClock, Counters]], now_ns: int, enough: Container[StageClock] = ()
) -> None:
    """Move the clocks of stages that run at the same time; none ends before all of them have measured."""
    for clock, counters in stages:
        pending = sum(other is not clock and other.is_measuring for other, _ in stages)
        clock.advance(now_ns, counters, enough=clock in enough, pending=pending)
