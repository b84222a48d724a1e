"""The most that a scenario asks for at once: its highest level, requests a second, and requests open at the same time.

Rule: all code that plans ahead (open files, ports, workers, the demand, the dry run) asks here. The published speed of
one user alone bounds a closed loop by Little's law, users = rate x time of a cycle; an open loop says its rate itself.
"""

import math
from collections.abc import Mapping

from firsttoken.catalogue import Model, Source
from firsttoken.decoding.duration import parse_duration
from firsttoken.scenario.format import Scenario, mean_tokens
from firsttoken.scenario.rules import simulate
from firsttoken.scenario.target import Target
from firsttoken.scenario.trace import find_mean_rate, read_arrivals

Catalogue = Mapping[str, Model]

ONE_AT_LEAST_S = 1.0
"""The cycle that stands for an unpublished one where a search of users is confirmed in open loop."""


def find_top(scenario: Scenario) -> float | None:
    """The highest level, in what `load.by` counts; None where only a class of the locustfile knows."""
    load = scenario.load
    if scenario.traffic.trace:
        return find_mean_rate(scenario.traffic, read_arrivals(scenario.traffic))
    if load.search is not None:
        return load.search.to
    if load.shape:
        return None if load.profile is None else load.profile.peak
    return max([*load.users, *load.rate])


def unloaded_answer_s(scenario: Scenario, target: Target, catalogue: Catalogue) -> float | None:
    """The least time in seconds from a request to the end of its answer; None where no speed is published."""
    speeds = _find_speeds(target, catalogue) if target.base_url else simulate(target, catalogue)
    if speeds is None or speeds.ttft_s is None or speeds.tokens_per_s is None:
        return None
    return speeds.ttft_s + mean_tokens(scenario.traffic.output_tokens) / speeds.tokens_per_s


def _find_speeds(target: Target, catalogue: Catalogue) -> Source | None:
    """Where a real model's speed is published: in the source of its prices, else in another one."""
    sources = catalogue[target.model].sources if target.model in catalogue else {}
    order = sorted(sources, key=lambda name: name != target.prices)
    return next((sources[name] for name in order if sources[name].ttft_s and sources[name].tokens_per_s), None)


def unloaded_cycle_s(scenario: Scenario, target: Target, catalogue: Catalogue) -> float | None:
    """The least time in seconds from one request of a user to the next; None where no speed is published."""
    answer_s = unloaded_answer_s(scenario, target, catalogue)
    return None if answer_s is None else answer_s + parse_duration(scenario.load.think)


def most_rps(scenario: Scenario, target: Target, catalogue: Catalogue) -> float | None:
    """The most requests a second that the load makes of a target; None where that is unknown."""
    top = find_top(scenario)
    if scenario.load.by == "rate":
        return None if top is None else top * scenario.load.turns
    cycle_s = unloaded_cycle_s(scenario, target, catalogue)
    return None if top is None or cycle_s is None else top / cycle_s


def most_open(scenario: Scenario, target: Target, catalogue: Catalogue) -> int | None:
    """The most requests of a target that are open at the same time; None where only a class of the locustfile knows."""
    top, load = find_top(scenario), scenario.load
    if top is None:
        return None
    if load.by == "rate":
        return load.pool(top)
    if load.search is None:
        return math.ceil(top)
    return max(math.ceil(top), load.pool(find_confirmed_rate(scenario, target, catalogue, top)))


def find_confirmed_rate(scenario: Scenario, target: Target, catalogue: Catalogue, users: float) -> float:
    """The most arrivals a second by which a search of users is confirmed, where so many users met the SLO."""
    return users / (unloaded_cycle_s(scenario, target, catalogue) or ONE_AT_LEAST_S)


def most_streams(scenario: Scenario, target: Target, catalogue: Catalogue) -> int | None:
    """The most requests of a target that are to be expected open at once, while it answers as published.

    By Little's law, streams = rate x time of an answer; where no speed is published, as many as may be open. None where
    only a class of the locustfile knows.
    """
    top = find_top(scenario)
    if top is None or scenario.load.by == "users":
        return None if top is None else math.ceil(top)
    opened, rps = most_open(scenario, target, catalogue), most_rps(scenario, target, catalogue)
    answer_s = unloaded_answer_s(scenario, target, catalogue)
    if opened is None or rps is None or answer_s is None:
        return opened
    return min(opened, math.ceil(rps * answer_s))
