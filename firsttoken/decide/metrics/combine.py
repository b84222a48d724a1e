"""The values of a run: estimates over repeats and levels, each as `summary.json` keeps it.

Rule: over repeats the value comes from the rows of all of them and the interval from Student's t over the runs, but
never narrower than the requests themselves allow: runs that happen to agree are no proof.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from msgspec.structs import asdict
from msgspec.structs import replace as replace_fields

from firsttoken.decide.measure.recovery import Recovery
from firsttoken.decide.metrics.metric import (
    Metric,
    OfConfirmation,
    OfLowestLoad,
    OfRecovery,
    OfRelated,
    OfTarget,
    TargetFacts,
)
from firsttoken.decide.metrics.table import METRICS
from firsttoken.decide.metrics.value import MetricKey, MetricValue
from firsttoken.stats.estimate import Estimate, between, exact, nothing
from firsttoken.stats.repeats import over_repeats

MOST = {"share": 1.0, "per 1,000": 1000.0}
"""What a value of a unit cannot pass."""


def list_metrics(estimates: Mapping[MetricKey, Estimate], voided_by: Iterable[str] = ()) -> list[MetricValue]:
    """Estimates as results, each with what a reader must know of it."""
    return [
        MetricValue(
            **asdict(key), value=each.value, unit=METRICS[key.metric].unit, n=each.n, lo=each.lo, hi=each.hi,
            flags=(*voided_by, *_marks(METRICS[key.metric], key.q, each)),
        )
        for key, each in estimates.items()
    ]  # fmt: skip


def _marks(metric: Metric, q: float | None, estimate: Estimate) -> list[str]:
    marks = {
        "CENSORED": estimate.at_least,
        "UNDERSAMPLED": q is not None and not estimate.shown,
        "ESTIMATE": estimate.estimated or (metric.ends == "possible" and estimate.shown),
    }
    return [name for name, holds in marks.items() if holds]


def combine_repeats(
    pooled: Mapping[MetricKey, Estimate], runs: Sequence[Mapping[MetricKey, Estimate]]
) -> dict[MetricKey, Estimate]:
    """The estimates over several runs: `pooled` from the rows of all, its interval widened to t over the runs."""
    by_key = [over_all(run) for run in runs]
    if len(runs) == 1:
        return over_all(pooled)
    return {
        key: _combine(key, estimate, [run[key] for run in by_key if key in run])
        for key, estimate in over_all(pooled).items()
    }


def over_all(estimates: Mapping[MetricKey, Estimate]) -> dict[MetricKey, Estimate]:
    """The same with keys of no repeat."""
    return {replace_fields(key, repeat=None): estimate for key, estimate in estimates.items()}


def _combine(key: MetricKey, pooled: Estimate, runs: Sequence[Estimate]) -> Estimate:
    metric = METRICS[key.metric]
    values = [run.value for run in runs if run.value is not None]
    too_few = key.q is not None and not pooled.shown
    is_spread = metric.is_spread and metric.ends == "interval"
    if not is_spread or pooled.value is None or too_few or not math.isfinite(sum(values)):
        return pooled
    spread = over_repeats(values, pooled.value, most=MOST.get(metric.unit, math.inf))
    ends = [(each.lo, each.hi) for each in (spread, pooled) if each.lo is not None and each.hi is not None]
    lo, hi = (min(lo for lo, _ in ends), max(hi for _, hi in ends)) if ends else (None, None)
    return replace(pooled, lo=lo, hi=hi)


def add_up(target: str, stages: Sequence[Mapping[MetricKey, Estimate]]) -> dict[MetricKey, Estimate]:
    """What all stages of a target took together; unknown where one of them is."""
    summed = [name for name, metric in METRICS.items() if metric.over_levels == "sum"]
    parts = {name: [each for stage in stages for key, each in stage.items() if key.metric == name] for name in summed}
    return {MetricKey(target=target, metric=name): _sum(estimates) for name, estimates in parts.items()}


def _sum(parts: Sequence[Estimate]) -> Estimate:
    n = sum(part.n for part in parts)
    values = [part.value for part in parts]
    if not parts or None in values:
        return nothing(n)
    ends = [(part.value if part.lo is None else part.lo, part.value if part.hi is None else part.hi) for part in parts]
    least, most = sum(lo or 0.0 for lo, _ in ends), sum(hi or 0.0 for _, hi in ends)
    return between(least, most, n)


def mean_over_levels(target: str, results: Sequence[MetricValue]) -> dict[MetricKey, Estimate]:
    """The means over all levels of a target, from those of each level over its repeats."""
    means: dict[MetricKey, Estimate] = {}
    for name in (name for name, metric in METRICS.items() if metric.over_levels == "mean"):
        own = [each for each in results if each.metric == name and each.repeat is None and each.value is not None]
        n = sum(each.n for each in own)
        total = sum((each.value or 0.0) * each.n for each in own)
        means[MetricKey(target=target, metric=name)] = exact(total / n, n) if n else nothing()
    return means


def write_recoveries(level: float, recoveries: Sequence[Recovery]) -> list[MetricValue]:
    """What came after the spike of each repeat; over all, the largest value."""
    metrics = [(name, metric.of) for name, metric in METRICS.items()]
    written: list[MetricValue] = []
    for name, of in metrics:
        if not isinstance(of, OfRecovery):
            continue
        keys = [MetricKey(target=each.target, level=level, repeat=each.repeat, metric=name) for each in recoveries]
        estimates = dict(zip(keys, map(of.compute, recoveries), strict=True))
        known = [each for each in estimates.values() if each.value is not None]
        if known:
            largest = max(known, key=lambda each: (each.at_least, each.value))
            whole = MetricKey(target=recoveries[0].target, level=level, metric=name)
            written += [*list_metrics(estimates), *list_metrics({whole: largest})]
    return written


def relate_levels(results: Sequence[MetricValue]) -> list[MetricValue]:
    """What is reported as multiples of the least loaded level, at each level."""
    related: list[MetricValue] = []
    for name, metric in METRICS.items():
        of = metric.of
        if not isinstance(of, OfLowestLoad):
            continue
        ladder = [each for each in results if (each.metric, each.q, each.repeat) == (of.metric, of.q, None)]
        ladder.sort(key=lambda result: result.level or 0)
        unloaded = ladder[0].value if ladder else None
        related += [
            replace_fields(each, metric=name, value=_multiple(each.value, unloaded), unit=metric.unit, lo=None, hi=None)
            for each in ladder
        ]
    return related


def _multiple(value: float | None, unloaded: float | None) -> float | None:
    """A value as a multiple of that of the least load; None where either is unknown."""
    return None if value is None or not unloaded else value / unloaded


def relate_metrics(results: Sequence[MetricValue], turns: int) -> list[MetricValue]:
    """What metrics of one target come to beside others, at each level; `turns`: the requests of one arrival."""
    known = {(each.metric, each.level, each.q): each for each in results if each.repeat is None}
    related: list[MetricValue] = []
    for name, metric in METRICS.items():
        of = metric.of
        if not isinstance(of, OfRelated):
            continue
        for each in known.values():
            if each.metric == of.metric and (found := of.compute(each, lambda *key: known.get(key), turns)):
                ends = {"value": found.value, "lo": found.lo, "hi": found.hi}
                related.append(replace_fields(each, metric=name, unit=metric.unit, n=found.n, **ends))
    return related


def measure_target(target: str, facts: TargetFacts) -> dict[MetricKey, Estimate]:
    """What one target showed and the scenario asks of it."""
    computed = {name: of.compute(facts) for name, metric in METRICS.items() if isinstance(of := metric.of, OfTarget)}
    return {MetricKey(target=target, metric=name): each for name, each in computed.items() if each is not None}


def write_confirmation(rate: float, share: MetricValue) -> list[MetricValue]:
    """What an open loop at that rate showed, of which `share` is the attainment, as results of no level."""
    return [
        replace_fields(of.compute(rate, share), metric=name, unit=metric.unit, level=None, repeat=None)
        for name, metric in METRICS.items()
        if isinstance(of := metric.of, OfConfirmation)
    ]
