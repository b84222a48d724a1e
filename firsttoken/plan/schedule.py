"""The arrivals of an open-loop stage, and which of them fall to one of several load processes. Pure.

Rule: the schedule follows from the seed, the level and the repeat alone, so that every target is asked at the same
times, and however many processes share it, together they send what one would have sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from firsttoken.plan.arrivals import arrive
from firsttoken.plan.stage import StagePlan
from firsttoken.traffic.trace import Arrival

Schedule = Iterable[tuple[int, int]]
"""(number, due_ns since the stage began), ascending."""


def find_schedule(plan: StagePlan, seed: int, trace: Sequence[Arrival] | None, place: int = 0, of: int = 1) -> Schedule:
    """Every `of`-th arrival of a stage, from the one numbered `place` on; none where there is no open loop."""
    if plan.by == "users":
        return ()
    if plan.traced:
        dues: Iterator[int] = (plan.ramp_ns + arrival.at_ns for arrival in trace or ())
    else:
        dues = arrive(plan.profile, plan.arrivals, plan.cv, f"{seed}-{plan.level:g}-{plan.repeat}")
    return ((number, due_ns) for number, due_ns in enumerate(dues) if number % of == place)
