"""The plan of a run: which target is driven at which level, in which order. Pure.

Rule: the order is part of the experiment. With "abba" targets take turns level by level and the turn is
reversed each time, so that a slow drift of the machine or the network falls on all of them alike.
"""

from __future__ import annotations

import random

import msgspec

from firsttoken.scenario import Load, Scenario, parse_duration

NS = 1_000_000_000


class StagePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One stage: a target at a level. A length of None is "auto" (see `clock`)."""

    stage: int
    target: str
    level: float
    repeat: int
    users: int
    ramp_ns: int
    settle_ns: int | None
    measure_ns: int | None
    hold_ns: int
    requests: int = 0
    """Requests issued in the whole stage; 0: as many as the time allows."""


def plan_stages(scenario: Scenario) -> list[StagePlan]:
    """Lay out every stage of a run in order; the same scenario gives the same plan."""
    return [
        _plan_stage(number, target, level, repeat, scenario.load)
        for number, (target, level, repeat) in enumerate(_order(scenario))
    ]


def _order(scenario: Scenario) -> list[tuple[str, int, int]]:
    names = [target.name for target in scenario.target]
    levels = scenario.load.users or []
    order: list[tuple[str, int, int]] = []
    turn = 0
    for repeat in range(scenario.load.repeats):
        for level in levels:
            order += [(name, level, repeat) for name in (names if turn % 2 == 0 else names[::-1])]
            turn += 1
    if scenario.load.order == "shuffle":
        random.Random(scenario.seed).shuffle(order)
    return order


def _plan_stage(number: int, target: str, level: int, repeat: int, load: Load) -> StagePlan:
    return StagePlan(
        stage=number,
        target=target,
        level=float(level),
        repeat=repeat,
        users=level,
        ramp_ns=_ramp_ns(load.ramp, level),
        settle_ns=_length_ns(load.settle),
        measure_ns=_length_ns(load.measure),
        hold_ns=round(parse_duration(load.hold) * NS),
        requests=load.requests,
    )


def _length_ns(text: str) -> int | None:
    return None if text == "auto" else round(parse_duration(text) * NS)


def _ramp_ns(text: str, users: int) -> int:
    """ "auto": 20 ms a user, at most 10 s, so that a thousand users do not knock at once."""
    return min(users * 20_000_000, 10 * NS) if text == "auto" else round(parse_duration(text) * NS)
