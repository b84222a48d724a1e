"""The order of a run's stages: which come next, given what the last ones showed. Pure.

Rule: the order is part of the experiment; `turns` says which target comes next. A stage that an earlier start of the
run has finished is not run again.
"""

import random
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from firsttoken.plan import search
from firsttoken.plan.locust_shape import Shape, ShapeError, sample_shape
from firsttoken.plan.profile import Profile
from firsttoken.plan.resume import FRESH, Finished
from firsttoken.plan.search import Verdict
from firsttoken.plan.stage import Group, StagePlan, plan_rate, plan_shape, plan_trace, plan_users
from firsttoken.plan.turns import ORDERS
from firsttoken.scenario.format import Scenario
from firsttoken.traffic.trace import Arrival

Key = tuple[str, float, int, str, bool]
Planner = Callable[..., StagePlan]
"""A level that still needs its target and, by name, its repeat."""


class StageOrder(Protocol):
    """What the controller asks for the next stages."""

    @property
    def stages(self) -> int | None:
        """How many there will be; None where that depends on what they show."""

    @property
    def most_users(self) -> int:
        """The most users that any group of stages needs."""

    @property
    def first_users(self) -> int:
        """What the first group needs."""

    @property
    def left(self) -> list[Group] | None:
        """The stages that follow; None where that depends on what the ones before them show."""

    def next_group(self) -> Group | None:
        """The stages to run next; None once the run is through."""

    def record_result(self, plan: StagePlan, verdict: Verdict, rate: float) -> None:
        """Hear what a stage has shown: whether its requests met the SLO, and how many a second were answered."""

    def drop_target(self, target: str) -> None:
        """Run no further stage of a target."""


class Ladder:
    """Stages that are known beforehand."""

    def __init__(self, groups: list[Group], first_stage: int = 0, done: Collection[Key] = ()) -> None:
        self.most_users = max(count_users(group) for group in groups)
        left = [tuple(plan for plan in group if plan.key not in done) for group in groups]
        self._left = [group for group in left if group]
        self.stages: int | None = first_stage + sum(map(len, self._left))
        self.first_users = count_users(self._left[0]) if self._left else 0
        self._stage = first_stage
        self._dead: set[str] = set()

    @property
    def left(self) -> list[Group] | None:
        groups = (tuple(plan for plan in group if plan.target not in self._dead) for group in self._left)
        return [group for group in groups if group]

    def next_group(self) -> Group | None:
        while self._left:
            group = [plan for plan in self._left.pop(0) if plan.target not in self._dead]
            if group:
                numbered = tuple(replace(plan, stage=self._stage + place) for place, plan in enumerate(group))
                self._stage += len(numbered)
                return numbered
        return None

    def record_result(self, plan: StagePlan, verdict: Verdict, rate: float) -> None:
        """Nothing follows from it."""

    def drop_target(self, target: str) -> None:
        self._dead.add(target)


class Searches:
    """A search for the highest level that meets the SLO, one for each target, taking turns."""

    stages: int | None = None
    left: list[Group] | None = None

    def __init__(self, scenario: Scenario, finished: Finished = FRESH) -> None:
        if scenario.load.search is None:
            raise ValueError("expected a scenario with load.search, got another")
        self._scenario = scenario
        self._by = scenario.load.search.by
        self._grid = search.grid(scenario.load.search)
        self._results: dict[str, list[tuple[float, Verdict]]] = {target.name: [] for target in scenario.target}
        self._rates: dict[tuple[str, float], float] = {}
        self._open = list(self._results)
        self._stage = finished.next_stage
        for end in finished.ends:
            verdict = search.judge_level(end.kept, end.judged, scenario.slo.share)
            plan = replace(self._plan(end.target, end.level), confirms=end.confirms)
            self.record_result(plan, verdict, end.judged / max(finished.measured_s(end.stage), 1e-9))
        self.first_users = self._plan(next(iter(self._results)), self._grid[0]).users
        self.most_users = max(self._plan(next(iter(self._results)), level).users for level in self._grid)

    def next_group(self) -> Group | None:
        while self._open:
            target = self._open.pop(0)
            level = search.next_level(self._grid, self._results[target])
            plan = self._confirm(target) if level is None else self._plan(target, level)
            if plan is not None:
                if level is not None:
                    self._open.append(target)
                self._stage += 1
                return (replace(plan, stage=self._stage - 1),)
        return None

    def record_result(self, plan: StagePlan, verdict: Verdict, rate: float) -> None:
        if plan.confirms:
            self._open = [target for target in self._open if target != plan.target]
            return
        self._results[plan.target].append((plan.level, verdict))
        self._rates[plan.target, plan.level] = rate

    def drop_target(self, target: str) -> None:
        self._open = [name for name in self._open if name != target]

    def _plan(self, target: str, level: float) -> StagePlan:
        repeat = sum(tried == level for tried, _ in self._results[target])
        return _plan_searched(self._scenario, target, level, repeat)

    def _confirm(self, target: str) -> StagePlan | None:
        """The last stage of a closed loop's search: the rate that its answer implies, in open loop."""
        best = search.conclude(self._grid, self._results[target]).last_pass
        rate = None if best is None else self._rates.get((target, best))
        if self._by == "rate" or not rate:
            return None
        return plan_rate(self._scenario, target, rate=float(f"{rate:.3g}"), confirms=True)


def _plan_searched(scenario: Scenario, target: str, level: float, repeat: int = 0) -> StagePlan:
    if scenario.load.by == "users":
        return plan_users(scenario, target, users=round(level), repeat=repeat)
    return plan_rate(scenario, target, rate=level, repeat=repeat)


class PossibleStage(NamedTuple):
    """A stage that a run may have, as far as that is known before it starts."""

    plan: StagePlan
    is_certain: bool = True
    """Whether it runs for any result of the stages before it."""


def list_possible(
    scenario: Scenario, target: str, *, trace: list[Arrival] | None, confirmed_rate: float
) -> Iterator[PossibleStage]:
    """The stages of one target that a run may have: of a search as many as it may take, all at its highest level.

    A search of users ends with one of `confirmed_rate` arrivals a second. Raises ValueError for a shape that is a class
    of the locustfile, which only the load process can sample.
    """
    load = scenario.load
    if load.search is None:
        groups = order_stages(scenario, trace=trace).left or []
        yield from (PossibleStage(plan) for group in groups for plan in group if plan.target == target)
        return
    top = _plan_searched(scenario, target, search.grid(load.search)[-1])
    for number in range(search.most_levels(load.search)):
        yield PossibleStage(top, is_certain=number == 0)
    if load.by == "users":
        confirming = plan_rate(scenario, target, rate=confirmed_rate, confirms=True)
        yield PossibleStage(confirming, is_certain=False)


def order_stages(
    scenario: Scenario,
    *,
    sampled: Profile | None = None,
    trace: list[Arrival] | None = None,
    finished: Finished = FRESH,
) -> StageOrder:
    """The stage order of a scenario's run.

    `sampled` is the course of a shape that is a class of the locustfile, `trace` the arrivals of a trace; `finished` is
    what an earlier start of the run has left.
    """
    if scenario.load.search is not None:
        return Searches(scenario, finished)
    groups = _order(scenario, list(_plan_levels(scenario, sampled, trace)))
    return Ladder(groups, finished.next_stage, finished.keys)


def _plan_levels(scenario: Scenario, sampled: Profile | None, trace: list[Arrival] | None) -> Iterator[Planner]:
    """The levels of a scenario in ascending order, each still without its target and repeat."""
    load = scenario.load
    if trace is not None:
        yield partial(plan_trace, scenario, trace=trace)
    elif load.shape:
        yield partial(plan_shape, scenario, sampled=sampled)
    elif load.rate:
        yield from (partial(plan_rate, scenario, rate=rate) for rate in load.rate)
    else:
        yield from (partial(plan_users, scenario, users=users) for users in load.users)


def _order(scenario: Scenario, planners: list[Planner]) -> list[Group]:
    names, load = [target.name for target in scenario.target], scenario.load
    levels = [partial(planner, repeat=repeat) for repeat in range(load.repeats) for planner in planners]
    turns = ORDERS[load.order].arrange(names, len(levels), random.Random(scenario.seed))
    return [tuple(levels[level](name) for name, level in group) for group in turns]


def count_users(group: Group) -> int:
    """Users that the stages of a group need at the same time."""
    return sum(plan.users for plan in group)


def order_run_stages(
    scenario: Scenario,
    shapes: Mapping[str, Callable[[], Shape]],
    trace: list[Arrival] | None,
    finished: Finished = FRESH,
) -> StageOrder:
    """The stage order of a run, whose shape may be a class of the locustfile.

    Raises ShapeError where the scenario names one that is not there or cannot be driven.
    """
    name = scenario.load.shape
    if name[:1].isupper() and name not in shapes:
        found = ", ".join(sorted(shapes)) or "none"
        raise ShapeError(f"load.shape: expected a LoadTestShape class of the locustfile, got {name}; it has {found}")
    sampled = sample_shape(shapes[name]) if name in shapes else None
    return order_stages(scenario, sampled=sampled, trace=trace, finished=finished)
