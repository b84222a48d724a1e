"""How many requests and attempts each stage that a run may have makes at most, and how many are to be expected.

Rule: stages, their loads and the tries of the retry policy are asked of the plan. A bound may be too high and never too
low: what cannot be bounded is None. With users u, a stage of T seconds and an unloaded answer of a seconds, or r
arrivals a second,

    closed loop   requests <= u T / (a + think) + u           attempts <= u T / a + u     (Little's law)
    open loop     requests <= turns (m + 3 cv sqrt(m))        m = r T
    both          attempts <= requests x tries of the policy
"""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar

from firsttoken.catalogue import Model
from firsttoken.decoding.duration import NS
from firsttoken.plan.arrivals import find_variation
from firsttoken.plan.order import list_possible
from firsttoken.plan.peak import find_confirmed_rate, find_top, unloaded_answer_s, unloaded_cycle_s
from firsttoken.plan.profile import amount
from firsttoken.plan.stage import StagePlan
from firsttoken.plan.windows import Windows, find_windows
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.retry import read_policy
from firsttoken.scenario.target import Target
from firsttoken.scenario.trace import read_arrivals

N = TypeVar("N", int, float)

SPREADS = 3.0
"""Standard deviations above the expected number of arrivals: one schedule in a thousand has more."""


class ForeseenStage(NamedTuple):
    """A stage that a run may have, and how long its phases last."""

    plan: StagePlan
    windows: Windows
    is_certain: bool
    """Whether it runs for any result of the stages before it."""


def foresee_stages(scenario: Scenario, target: Target, catalogue: Mapping[str, Model]) -> Iterator[ForeseenStage]:
    """The stages of a target that may be run; none where only a class of the locustfile knows."""
    top = find_top(scenario)
    if top is None:
        return
    trace = read_arrivals(scenario.traffic) if scenario.traffic.trace else None
    confirmed_rate = find_confirmed_rate(scenario, target, catalogue, top)
    for plan, is_certain in list_possible(scenario, target.name, trace=trace, confirmed_rate=confirmed_rate):
        if windows := find_windows(scenario, plan.level):
            yield ForeseenStage(plan, windows, is_certain)


def count_requests(
    scenario: Scenario, target: Target, catalogue: Mapping[str, Model], stage: ForeseenStage
) -> tuple[int | None, int | None]:
    """The requests and the attempts of a stage, at most."""
    plan, most = stage.plan, scenario.load.requests or None
    cycle_s = unloaded_cycle_s(scenario, target, catalogue)
    if plan.traced:
        requests: int | None = len(read_arrivals(scenario.traffic))
    elif plan.by == "rate":
        expected = math.inf if plan.confirms and cycle_s is None else _most_units(scenario, stage)
        spread = SPREADS * find_variation(plan.arrivals, plan.cv) * math.sqrt(expected)
        requests = smaller(_whole((expected + spread) * plan.turns), most)
    else:
        requests = smaller(_divide(scenario, stage, cycle_s), most)
    attempts = None if requests is None else requests * count_tries(scenario)
    if plan.by == "users":
        attempts = smaller(attempts, _divide(scenario, stage, unloaded_answer_s(scenario, target, catalogue)))
    return requests, attempts


def count_expected(
    scenario: Scenario, target: Target, catalogue: Mapping[str, Model], stage: ForeseenStage
) -> float | None:
    """The requests that a stage is to be expected to make: its phases half-way between their bounds, no hold.

    A stage that may not be run counts half.
    """
    plan, share = stage.plan, 1.0 if stage.is_certain else 0.5
    if plan.traced:
        return float(len(read_arrivals(scenario.traffic)))
    windows, cycle_s = stage.windows, unloaded_cycle_s(scenario, target, catalogue)
    units = _count_units(plan, windows.ramp_s + sum(map(sum, (windows.settle, windows.measure))) / 2)
    requests: float | None = units * plan.turns
    if plan.by == "users":
        requests = None if cycle_s is None else units / cycle_s + plan.level
    elif plan.confirms and cycle_s is None:
        requests = None
    if requests is not None and not math.isfinite(requests):
        requests = None
    expected = smaller(requests, scenario.load.requests or None)
    return None if expected is None else share * expected


def _divide(scenario: Scenario, stage: ForeseenStage, cycle_s: float | None) -> int | None:
    """How often the users of a stage go round, and those who are under way at its end."""
    return None if cycle_s is None else _whole(_most_units(scenario, stage) / cycle_s + stage.plan.level)


def _most_units(scenario: Scenario, stage: ForeseenStage) -> float:
    """The units of a whole stage, its hold at its longest, while the run may last so long."""
    return _count_units(stage.plan, min(stage.windows.total.most, scenario.budget.minutes * 60 or math.inf))


def _count_units(plan: StagePlan, seconds: float) -> float:
    """The integral of users or arrivals a second over so many seconds of a stage."""
    if math.isinf(seconds):
        return math.inf
    if plan.profile:
        return amount(plan.profile, round(seconds * NS))
    return plan.level * max(0.0, seconds - plan.ramp_ns / NS / 2)


def count_tries(scenario: Scenario) -> int:
    """Attempts of a request that the retry policy allows."""
    return 1 + read_policy(scenario.retry).max_retries


def _whole(number: float) -> int | None:
    return math.ceil(number) if math.isfinite(number) else None


def smaller(one: N | None, other: N | None) -> N | None:
    """The smaller of two bounds, of which either may be missing."""
    return other if one is None else one if other is None else min(one, other)
