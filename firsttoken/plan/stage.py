"""The plan of one stage: a target at a level, how long each phase lasts and how the load runs. Pure.

Rule: everything that a load process has to know of a stage stands in its plan, and the same scenario gives the same
plan; a length of None is "auto", which the stage's clock decides.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from firsttoken.decoding.duration import NS, parse_duration
from firsttoken.plan.arrivals import Process, arrive
from firsttoken.plan.profile import Profile, Segment, amount, peak, profile_of
from firsttoken.plan.profile import length_ns as length_of
from firsttoken.plan.windows import SEARCH_MEASURE_S, SHAPE_SETTLE_S, measure_ramp
from firsttoken.row import By
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.load import Load
from firsttoken.scenario.trace import find_mean_rate, measure_trace
from firsttoken.traffic.trace import Arrival

TRACE_LEAD_NS = NS // 5
"""Before a trace's first request, which no user's start may delay."""


class StagePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One stage: a target at a level."""

    stage: int
    target: str
    level: float
    repeat: int
    by: By = "users"
    users: int
    """User slots: the users of a closed loop, the most requests open at once of an open one."""
    ramp_ns: int
    settle_ns: int | None
    measure_ns: int | None
    hold_ns: int
    least_ns: int | None = None
    """How long to measure at least; None where the measure phase does not end early."""
    requests: int = 0
    """Requests issued in the whole stage; 0: as many as the time allows."""
    turns: int = 1
    """Requests of a session of an open loop."""
    profile: Profile = ()
    """The load wanted over the stage; empty where users stay as many as they are."""
    arrivals: Process = "poisson"
    cv: float = 1.0
    traced: bool = False
    """Whether arrivals and lengths are those of the trace."""
    shape: str = ""
    mean_level: float | None = None
    """The mean of the course that a shape asks for while it is measured; None where the load is level."""
    confirms: bool = False

    @property
    def key(self) -> tuple[str, float, int, str, bool]:
        """The key of a stage in its run, independent of its number."""
        return self.target, self.level, self.repeat, self.by, self.confirms


Group = tuple[StagePlan, ...]
"""Stages that run at the same time."""
Schedule = Iterable[tuple[int, int]]
"""The arrivals of an open loop: (number, due_ns since the stage began), ascending."""


def find_schedule(plan: StagePlan, seed: int, trace: Sequence[Arrival] | None, place: int = 0, of: int = 1) -> Schedule:
    """Every `of`-th arrival of a stage, from the one numbered `place` on; none where there is no open loop.

    It follows from the seed, the level and the repeat alone, so that every target is asked at the same times, and
    however many processes share it, together they send what one would have sent.
    """
    if plan.by == "users":
        return ()
    if plan.traced:
        dues: Iterator[int] = (plan.ramp_ns + arrival.at_ns for arrival in trace or ())
    else:
        dues = arrive(plan.profile, plan.arrivals, plan.cv, f"{seed}-{plan.level:g}-{plan.repeat}")
    return ((number, due_ns) for number, due_ns in enumerate(dues) if number % of == place)


def plan_users(scenario: Scenario, target: str, *, users: int, repeat: int = 0) -> StagePlan:
    """A level of a closed loop."""
    load = scenario.load
    return StagePlan(
        stage=0,
        target=target,
        level=float(users),
        repeat=repeat,
        users=users,
        ramp_ns=ramp_ns(load, users),
        settle_ns=length_ns(load.settle),
        hold_ns=round(parse_duration(load.hold) * NS),
        requests=load.requests,
        measure_ns=longest_ns(load),
        least_ns=least_ns(load),
    )


def plan_rate(scenario: Scenario, target: str, *, rate: float, repeat: int = 0, confirms: bool = False) -> StagePlan:
    """A level of an open loop: so many arrivals a second, from nothing over the ramp."""
    load = scenario.load
    rise_ns = ramp_ns(load, rate)
    return StagePlan(
        stage=0,
        target=target,
        level=rate,
        repeat=repeat,
        by="rate",
        users=load.pool(rate),
        ramp_ns=rise_ns,
        settle_ns=length_ns(load.settle),
        hold_ns=round(parse_duration(load.hold) * NS),
        requests=load.requests,
        turns=load.turns,
        profile=(Segment(rise_ns, 0.0, rate), Segment(NS, rate, rate)),
        arrivals=load.arrivals,
        cv=load.cv,
        confirms=confirms,
        measure_ns=longest_ns(load),
        least_ns=least_ns(load),
    )


def plan_shape(scenario: Scenario, target: str, *, sampled: Profile | None, repeat: int = 0) -> StagePlan:
    """A course of the load, measured from its beginning to its end; `sampled` is that of a class of the locustfile."""
    load = scenario.load
    profile = sampled or profile_of(load.profile.segments if load.profile else ())
    if not profile:
        raise ValueError(f"expected a load with a named shape, got shape = {load.shape!r}")
    first, top = profile[0].start, peak(profile)
    rise_ns, settle_ns = ramp_ns(load, first), length_ns(load.settle)
    settle_ns = round(SHAPE_SETTLE_S * NS) if settle_ns is None else settle_ns
    return StagePlan(
        stage=0,
        target=target,
        level=top,
        repeat=repeat,
        by=load.by,
        users=round(top) if load.by == "users" else load.pool(top),
        ramp_ns=rise_ns,
        settle_ns=settle_ns,
        measure_ns=length_of(profile),
        hold_ns=round(parse_duration(load.hold) * NS),
        turns=load.turns,
        profile=(Segment(rise_ns, 0.0, first), Segment(settle_ns, first, first), *profile),
        arrivals=load.arrivals,
        cv=load.cv,
        shape=load.shape,
        mean_level=amount(profile, length_of(profile)) * NS / length_of(profile),
    )


def plan_trace(scenario: Scenario, target: str, *, trace: list[Arrival], repeat: int = 0) -> StagePlan:
    """A trace replayed: its level is its mean rate."""
    load, rate = scenario.load, find_mean_rate(scenario.traffic, trace)
    return StagePlan(
        stage=0,
        target=target,
        level=rate,
        repeat=repeat,
        by="rate",
        users=load.pool(rate),
        ramp_ns=TRACE_LEAD_NS,
        settle_ns=0,
        measure_ns=round(measure_trace(scenario.traffic, trace) * NS) + 1,
        hold_ns=round(parse_duration(load.hold) * NS),
        traced=True,
        shape="trace",
    )


def length_ns(text: str) -> int | None:
    """A length of a scenario; None: "auto"."""
    return None if text == "auto" else round(parse_duration(text) * NS)


def ramp_ns(load: Load, level: float) -> int:
    """How long the load takes to rise to a level."""
    return round(measure_ramp(load, level) * NS)


def longest_ns(load: Load) -> int | None:
    """How long to measure a level, or at most, where what is to be found out may end it; None: "auto"."""
    if load.until is not None:
        return length_ns(load.until.most)
    if load.search is not None and load.measure == "auto":
        return round(SEARCH_MEASURE_S[1] * NS)
    return length_ns(load.measure)


def least_ns(load: Load) -> int | None:
    """How long to measure a level at least; None where it does not end early."""
    if load.until is not None:
        return length_ns(load.until.least)
    if load.search is None:
        return None
    shortest_ns = round(SEARCH_MEASURE_S[0] * NS)
    return min(shortest_ns, longest_ns(load) or shortest_ns)
