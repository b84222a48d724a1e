"""The clock of one stage: ramp, settle, measure, hold. Pure: every call is told what time it is.

Rule: boundaries are instants on the run's clock, fixed by the plan and not by when somebody looked; a request
belongs to the phase in which it was intended.

"auto" (all lengths from the end-to-end times of requests that ended in this stage):
  settle  ends once it has lasted 2 x p95, at least 3 s, at most 60 s
  measure ends once it has lasted 5 x p99, at least 15 s, at most 300 s
"""

from __future__ import annotations

from collections.abc import Sequence

from firsttoken.load.plan import NS, StagePlan
from firsttoken.row import Phase

AUTO = {"settle": (0.95, 2, 3 * NS, 60 * NS), "measure": (0.99, 5, 15 * NS, 300 * NS)}


class StageClock:
    """Where a stage stands: `boundaries` holds (phase, began_ns) in order, `ended_ns` is None while it runs."""

    def __init__(self, plan: StagePlan, start_ns: int) -> None:
        self.plan = plan
        self.boundaries: list[tuple[Phase, int]] = [("ramp", start_ns)]
        self.ended_ns: int | None = None
        self.unfinished = 0
        """Requests of the measure phase still open when the stage ended."""

    @property
    def phase(self) -> Phase:
        return self.boundaries[-1][0]

    def phase_at(self, at_ns: int) -> Phase:
        """The phase in which an instant falls; an instant before the ramp counts as ramp."""
        phase: Phase = "ramp"
        for name, began_ns in self.boundaries:
            if at_ns >= began_ns:
                phase = name
        return phase

    def opens_ns(self, seat: int) -> int:
        """When the user on `seat` may send its first request: users are spread evenly over the ramp."""
        return self.boundaries[0][1] + self.plan.ramp_ns * seat // self.plan.users

    def admits(self, issued: int) -> bool:
        """Whether one more request may be issued after `issued` of them."""
        return self.ended_ns is None and (self.plan.requests == 0 or issued < self.plan.requests)

    def advance(self, now_ns: int, *, issued: int, open_measured: int, e2e_ns: Sequence[int]) -> None:
        """Move over every boundary that `now_ns` has passed.

        `issued`: requests issued in this stage; `open_measured`: those intended in measure and not ended;
        `e2e_ns`: end-to-end times of the requests that ended in this stage, in any order.
        """
        while self.ended_ns is None:
            phase, began_ns = self.boundaries[-1]
            if phase == "hold":
                if open_measured == 0 or now_ns >= began_ns + self.plan.hold_ns:
                    self.unfinished = open_measured
                    self.ended_ns = now_ns
                return
            until_ns = self._until_ns(phase, began_ns, now_ns, issued, e2e_ns)
            if until_ns is None or now_ns < until_ns:
                return
            following: dict[Phase, Phase] = {"ramp": "settle", "settle": "measure", "measure": "hold"}
            self.boundaries.append((following[phase], until_ns))

    def _until_ns(self, phase: Phase, began_ns: int, now_ns: int, issued: int, e2e_ns: Sequence[int]) -> int | None:
        if phase == "ramp":
            return began_ns + self.plan.ramp_ns
        if phase == "measure" and self.plan.requests and issued >= self.plan.requests:
            return now_ns
        length_ns = self.plan.settle_ns if phase == "settle" else self.plan.measure_ns
        if length_ns is None and phase == "measure" and self.plan.requests:
            return None
        if length_ns is None:
            return self._auto_ns(phase, began_ns, now_ns, e2e_ns)
        return began_ns + length_ns

    @staticmethod
    def _auto_ns(phase: Phase, began_ns: int, now_ns: int, e2e_ns: Sequence[int]) -> int | None:
        q, times, least_ns, most_ns = AUTO[phase]
        if now_ns >= began_ns + most_ns:
            return began_ns + most_ns
        if not e2e_ns or now_ns < began_ns + least_ns:
            return None
        worst_ns = sorted(e2e_ns)[min(len(e2e_ns) - 1, int(q * len(e2e_ns)))]
        return now_ns if now_ns >= began_ns + times * worst_ns else None
