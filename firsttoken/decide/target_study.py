"""The study of one target: its levels to figures, flags, a ruling and a decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from firsttoken.catalogue import Source
from firsttoken.decide.flags.validity import Flag
from firsttoken.decide.judge.confirmation import Confirmation, write_confirmation
from firsttoken.decide.judge.level_study import LevelStudy
from firsttoken.decide.judge.profile import Part
from firsttoken.decide.judge.ruling import Ruling, rule
from firsttoken.decide.measure.bill import bill_day, join_tokens
from firsttoken.decide.measure.demand import find_need
from firsttoken.decide.measure.recovery import Recovery
from firsttoken.decide.metrics.combine import add_up, relate_levels, write_bill, write_figures, write_need
from firsttoken.decide.metrics.metric import Figure, Find
from firsttoken.decide.metrics.table import Key
from firsttoken.decide.words.decision import Decision, decide
from firsttoken.decide.words.lengths import mean_over_levels
from firsttoken.decide.words.load_unit import LoadUnit
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.target import Target
from firsttoken.stats.estimate import Estimate


class Parts(NamedTuple):
    """What the stages of a target came to."""

    unit: LoadUnit
    """What its levels count."""
    levels: Sequence[LevelStudy]
    """In ascending order."""
    confirmation: Confirmation | None
    aside: Sequence[Mapping[Key, Estimate]]
    """What the stages that are no level counted: those that confirm, and those that were done over."""


@dataclass(frozen=True, eq=False)
class TargetStudy:
    """What one target showed."""

    figures: list[Figure]
    flags: list[Flag]
    ruling: Ruling
    decision: Decision
    confirmation: Confirmation | None
    recoveries: Sequence[Recovery]
    course: Sequence[Part]


def study_target(
    scenario: Scenario, target: Target, source: Source | None, parts: Parts, started_utc: str
) -> TargetStudy:
    """Study a target whose levels were studied; started_utc is when the run began."""
    levels, confirmation = parts.levels, parts.confirmation
    figures = [figure for level in levels for figure in level.figures]
    figures += relate_levels(figures)
    sums = add_up([*(stage for level in levels for stage in level.spent), *parts.aside])
    figures += write_figures(sums | mean_over_levels(figures), target=target.name, level=None, repeat=None)
    figures += write_confirmation(confirmation) if confirmation else []
    need = find_need(scenario.demand, [level.offer for level in levels if level.offer])
    if scenario.demand:
        answered = join_tokens([level.answered for level in levels])
        bill = bill_day(scenario.demand, answered, source, scenario.traffic)
        figures += write_bill(bill, scenario.demand.days, target.name)
    if need:
        figures += write_need(need, target.name)
    flags = [flag for level in levels for flag in level.flags]
    repeats = {level.verdict.level: level.repeats for level in levels if level.verdict}
    at = None if scenario.slo.level is None else scenario.slo.level[1]
    verdicts = [level.verdict for level in levels if level.verdict]
    refuted = confirmation is not None and confirmation.verdict == "FAIL"
    ruling = rule(verdicts, at, need, repeats, parts.unit, refuted=refuted)
    decision = decide(scenario, target, source, ruling, confirmation, flags, look_up(figures), started_utc)
    recoveries = [recovery for level in levels for recovery in level.recoveries]
    course = [part for level in levels for part in level.course]
    return TargetStudy(figures, flags, ruling, decision, confirmation, recoveries, course)


def look_up(figures: Sequence[Figure]) -> Find:
    """A finder over the figures of one target that are over all repeats."""
    by_key = {(each.metric, each.level, each.q): each for each in figures if each.repeat is None}
    return lambda metric, level, q: by_key.get((metric, level, q))
