"""The study of one target: its levels to results, flags, a ruling and a decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from firsttoken.catalogue import Source
from firsttoken.decide.flags.flag import Flag
from firsttoken.decide.judge.confirmation import Confirmation
from firsttoken.decide.judge.level_study import LevelStudy
from firsttoken.decide.judge.profile import TimeSlice
from firsttoken.decide.judge.ruling import TargetVerdict, judge_target
from firsttoken.decide.measure.cost import Tokens
from firsttoken.decide.measure.demand import Need, bill_day, find_need, join_tokens
from firsttoken.decide.measure.recovery import Recovery
from firsttoken.decide.metrics.combine import (
    add_up,
    list_metrics,
    mean_over_levels,
    measure_target,
    relate_levels,
    relate_metrics,
    write_confirmation,
)
from firsttoken.decide.metrics.metric import TargetFacts
from firsttoken.decide.metrics.value import Find, MetricKey, MetricValue
from firsttoken.decide.words.decision import Case, Decision, decide
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
    aside: Sequence[Mapping[MetricKey, Estimate]]
    """What the stages that are no level counted: those that confirm, and those that were done over."""


@dataclass(frozen=True, eq=False)
class TargetStudy:
    """What one target showed."""

    results: list[MetricValue]
    flags: list[Flag]
    target_verdict: TargetVerdict
    decision: Decision
    confirmation: Confirmation | None
    recoveries: Sequence[Recovery]
    load_profile: Sequence[TimeSlice]


def study_target(
    scenario: Scenario, target: Target, source: Source | None, parts: Parts, started_utc: str
) -> TargetStudy:
    """Study a target whose levels were studied; started_utc is when the run began."""
    levels, confirmation = parts.levels, parts.confirmation
    results = [result for level in levels for result in level.results]
    results += relate_levels(results)
    results += relate_metrics(results, parts.unit.turns)
    sums = add_up(target.name, [*(stage for level in levels for stage in level.spent), *parts.aside])
    results += list_metrics(sums | mean_over_levels(target.name, results))
    results += write_confirmation(confirmation.rate, confirmation.share) if confirmation else []
    need = find_need(scenario.demand, [level.offer for level in levels if level.offer])
    facts = _read_facts(scenario, source, need, [level.answered for level in levels])
    results += list_metrics(measure_target(target.name, facts))
    flags = [flag for level in levels for flag in level.flags]
    repeats = {level.verdict.level: level.repeats for level in levels if level.verdict}
    at = None if scenario.slo.level is None else scenario.slo.level[1]
    verdicts = [level.verdict for level in levels if level.verdict]
    refuted = confirmation is not None and confirmation.verdict == "FAIL"
    target_verdict = judge_target(verdicts, at, need, repeats, refuted=refuted)
    find = look_up(results)
    case = Case(scenario, target, source, target_verdict, parts.unit, confirmation, flags, find, started_utc)
    decision = decide(case)
    recoveries = [recovery for level in levels for recovery in level.recoveries]
    load_profile = [time_slice for level in levels for time_slice in level.load_profile]
    return TargetStudy(results, flags, target_verdict, decision, confirmation, recoveries, load_profile)


def _read_facts(
    scenario: Scenario, source: Source | None, need: Need | None, answered: Sequence[Tokens]
) -> TargetFacts:
    if scenario.demand is None:
        return TargetFacts(need)
    bill = bill_day(scenario.demand, join_tokens(answered), source, scenario.traffic)
    return TargetFacts(need, bill, scenario.demand.days)


def look_up(results: Sequence[MetricValue]) -> Find:
    """A finder over the results of one target that are over all repeats."""
    by_key = {each.key: each for each in results if each.repeat is None}
    target = results[0].target if results else ""
    return lambda metric, level, q: by_key.get(MetricKey(target=target, level=level, metric=metric, q=q))
