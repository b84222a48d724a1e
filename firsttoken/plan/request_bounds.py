"""The stages that a run may have, and how many requests and attempts each of them makes at most.

Rule: a bound may be too high and never too low: what cannot be bounded is None. With users u, a stage of T seconds and
an unloaded answer of a seconds, or r arrivals a second,

    closed loop   requests <= u T / (a + think) + u           attempts <= u T / a + u     (Little's law)
    open loop     requests <= turns (m + 3 cv sqrt(m))        m = r T
    both          attempts <= requests x tries of the policy
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

from firsttoken.catalogue import Model
from firsttoken.plan.peak import find_top, unloaded_answer_s, unloaded_cycle_s
from firsttoken.plan.windows import Windows, find_windows
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.load import Search
from firsttoken.scenario.target import Target
from firsttoken.scenario.trace import read_arrivals
from firsttoken.scenario.values import By

N = TypeVar("N", int, float)

OPENAI_TRIES = 3
SPREADS = 3.0
"""Standard deviations above the expected number of arrivals: one schedule in a thousand has more."""
SPREAD_OF_GAPS = {"constant": 0.0, "poisson": 1.0}
TRIES_OF_A_LEVEL = 2
"""How often a search measures a level that cannot be told."""
STEPS_PER_DOUBLING = 4


class Stage(NamedTuple):
    """One level of a target, as far as it can be foretold."""

    by: By
    level: float
    windows: Windows
    is_certain: bool = True
    """Whether it is run whatever the stages before it show."""


def plan_stages(scenario: Scenario, target: Target, catalogue: Mapping[str, Model]) -> Iterator[Stage]:
    """The stages of a target that may be run; none where only a class of the locustfile knows."""
    load, top = scenario.load, find_top(scenario)
    windows = None if top is None else find_windows(scenario, top)
    if top is None or windows is None:
        return
    if load.search is None:
        for level in load.users or load.rate or [top]:
            for _ in range(load.repeats):
                yield Stage(load.by, level, find_windows(scenario, level) or windows)
        return
    for number in range(_most_levels(load.search)):
        yield Stage(load.by, top, windows, is_certain=number == 0)
    if load.by == "users":
        cycle_s = unloaded_cycle_s(scenario, target, catalogue)
        yield Stage("rate", math.inf if cycle_s is None else top / cycle_s, windows, is_certain=False)


def _most_levels(search: Search) -> int:
    """The most levels that a search measures: it climbs two-fold, then bisects the grid, each level twice at worst."""
    doublings = math.log2(search.to / search.from_)
    levels = search.steps or math.ceil(STEPS_PER_DOUBLING * doublings)
    return math.ceil(doublings) + 1 + TRIES_OF_A_LEVEL * math.ceil(math.log2(levels + 2))


def count_requests(
    scenario: Scenario, target: Target, catalogue: Mapping[str, Model], stage: Stage
) -> tuple[int | None, int | None]:
    """The requests and the attempts of a stage, at most."""
    load, most = scenario.load, scenario.load.requests or None
    tries = count_tries(scenario)
    if scenario.traffic.trace:
        requests: int | None = len(read_arrivals(scenario.traffic))
    elif stage.by == "rate":
        expected = _unit_seconds(scenario, stage)
        spread = SPREADS * SPREAD_OF_GAPS.get(load.arrivals, load.cv) * math.sqrt(expected)
        requests = smaller(_whole((expected + spread) * load.turns), most)
    else:
        requests = smaller(_divide(scenario, stage, unloaded_cycle_s(scenario, target, catalogue)), most)
    attempts = None if requests is None else requests * tries
    if stage.by == "users" and not scenario.traffic.trace:
        attempts = smaller(attempts, _divide(scenario, stage, unloaded_answer_s(scenario, target, catalogue)))
    return requests, attempts


def count_expected(scenario: Scenario, target: Target, catalogue: Mapping[str, Model], stage: Stage) -> float | None:
    """The requests that a stage is to be expected to make: its phases half-way between their bounds, no hold.

    A stage that may not be run counts half.
    """
    load, share = scenario.load, 1.0 if stage.is_certain else 0.5
    if scenario.traffic.trace:
        return float(len(read_arrivals(scenario.traffic)))
    windows = stage.windows
    if load.course is not None:
        amount: float = load.course.amount + load.course.pieces[0].start * windows.settle.least
    else:
        spans = [windows.settle, windows.measure]
        amount = stage.level * (windows.ramp_s / 2 + sum((span.least + span.most) / 2 for span in spans))
    if stage.by == "users":
        cycle_s = unloaded_cycle_s(scenario, target, catalogue)
        requests = None if cycle_s is None else amount / cycle_s + stage.level
    else:
        requests = amount * load.turns
    if requests is None or not math.isfinite(requests):
        requests = float(load.requests) if load.requests else None
    elif load.requests:
        requests = min(requests, load.requests)
    return None if requests is None else share * requests


def _divide(scenario: Scenario, stage: Stage, cycle_s: float | None) -> int | None:
    """How often the users of a stage go round, and those who are under way at its end."""
    return None if cycle_s is None else _whole(_unit_seconds(scenario, stage) / cycle_s + stage.level)


def _unit_seconds(scenario: Scenario, stage: Stage) -> float:
    """The integral of users or arrivals a second over a whole stage, its hold at its longest."""
    course, windows = scenario.load.course, stage.windows
    ends_s = scenario.budget.minutes * 60 or math.inf
    if course is None:
        return stage.level * max(0.0, min(windows.total.most, ends_s) - windows.ramp_s / 2)
    first, last = course.pieces[0].start, course.pieces[-1].end
    return first * (windows.ramp_s / 2 + windows.settle.most) + course.amount + last * windows.hold_s


def count_tries(scenario: Scenario) -> int:
    """Attempts of a request that the retry policy allows."""
    return {"none": 1, "openai": OPENAI_TRIES}.get(scenario.retry.policy, 1 + scenario.retry.max_retries)


def _whole(number: float) -> int | None:
    return math.ceil(number) if math.isfinite(number) else None


def smaller(one: N | None, other: N | None) -> N | None:
    """The smaller of two bounds, of which either may be missing."""
    return other if one is None else one if other is None else min(one, other)
