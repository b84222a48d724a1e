"""The study of one target: its levels to figures, flags, a ruling and a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from firsttoken.catalogue import Source
from firsttoken.decide.bill import bill_day, join_tokens
from firsttoken.decide.decision import Decision, decide
from firsttoken.decide.demand import find_need
from firsttoken.decide.figure import Figure, Find
from firsttoken.decide.figures import add_up, relate_levels, write_bill, write_figures, write_need
from firsttoken.decide.level_study import LevelStudy
from firsttoken.decide.ruling import Ruling, rule
from firsttoken.decide.validity import Flag
from firsttoken.scenario import Scenario, Target


@dataclass(frozen=True, eq=False)
class TargetStudy:
    """What one target showed."""

    figures: list[Figure]
    flags: list[Flag]
    ruling: Ruling
    decision: Decision


def study_target(
    scenario: Scenario, target: Target, source: Source | None, levels: Sequence[LevelStudy], started_utc: str
) -> TargetStudy:
    """Study a target whose levels were studied, in ascending order; started_utc is when the run began."""
    figures = [figure for level in levels for figure in level.figures]
    figures += relate_levels(figures)
    sums = add_up([stage for level in levels for stage in level.spent])
    figures += write_figures(sums, target=target.name, level=None, repeat=None)
    need = find_need(scenario.demand, [level.offer for level in levels if level.offer])
    if scenario.demand:
        answered = join_tokens([level.answered for level in levels])
        bill = bill_day(scenario.demand, answered, source, scenario.traffic)
        figures += write_bill(bill, scenario.demand.days, target.name)
    if need:
        figures += write_need(need, target.name)
    flags = [flag for level in levels for flag in level.flags]
    repeats = {level.verdict.level: level.repeats for level in levels if level.verdict}
    at = None if scenario.slo.users is None else float(scenario.slo.users)
    ruling = rule([level.verdict for level in levels if level.verdict], at, need, repeats)
    decision = decide(scenario, target, source, ruling, flags, look_up(figures), started_utc)
    return TargetStudy(figures, flags, ruling, decision)


def look_up(figures: Sequence[Figure]) -> Find:
    """A finder over the figures of one target that are over all repeats."""
    by_key = {(each.metric, each.level, each.q): each for each in figures if each.repeat is None}
    return lambda metric, level, q: by_key.get((metric, level, q))
