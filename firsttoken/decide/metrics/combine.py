"""The results of a run: estimates from window data, over repeats where there are several, as `summary.json` keeps them.

Rule: over repeats the value comes from the rows of all of them and the interval from Student's t over the runs, but
never narrower than the requests themselves allow: runs that happen to agree are no proof.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from firsttoken.decide.judge.capacity import relative_to_unloaded
from firsttoken.decide.measure.bill import Bill
from firsttoken.decide.measure.demand import Need
from firsttoken.decide.measure.recovery import Recovery
from firsttoken.decide.metrics.metric import UNITS, MetricValue
from firsttoken.decide.metrics.retries import between
from firsttoken.decide.metrics.table import Key
from firsttoken.stats.estimate import Estimate, nothing
from firsttoken.stats.repeats import over_repeats

ESTIMATED = frozenset({"dollars", "retry_tax", "dollars_per_1000_good", "wasted_tokens_share"})
"""Metrics whose two ends are what is possible, not an interval."""
NOT_SPREAD = ESTIMATED | {"requests", "attempts", "quota_used_share", "dropped", "lateness_max_ms", "recovery_ms"}
"""Metrics of which the spread between runs says nothing: counts, extremes, and what has ends of its own."""
RELATIVE = (("stream_tok_s", 0.5, "stream_relative"), ("system_tok_s", None, "system_relative"))
"""(metric, quantile, the metric of its multiples of the unloaded level)."""
ADDED_UP = ("requests", "attempts", "dollars")
"""Metrics whose result over all levels is their sum."""
MOST = {"share": 1.0, "per 1,000": 1000.0}
"""What a result of a unit cannot pass."""


def list_metrics(
    results: Mapping[Key, Estimate],
    *,
    target: str,
    level: float | None,
    repeat: int | None,
    voided_by: Iterable[str] = (),
) -> list[MetricValue]:
    """Estimates of one target, level and repeat as results, each with what a reader must know of it."""
    return [
        MetricValue(
            target=target, level=level, repeat=repeat, metric=metric, q=q, value=estimate.value, unit=UNITS[metric],
            n=estimate.n, lo=estimate.lo, hi=estimate.hi, flags=(*voided_by, *_marks(metric, q, estimate)),
        )
        for (metric, q), estimate in results.items()
    ]  # fmt: skip


def _marks(metric: str, q: float | None, estimate: Estimate) -> list[str]:
    marks = {
        "CENSORED": estimate.at_least,
        "UNDERSAMPLED": q is not None and not estimate.shown,
        "ESTIMATE": estimate.estimated or (metric in ESTIMATED and estimate.shown),
    }
    return [name for name, holds in marks.items() if holds]


def combine_repeats(pooled: Mapping[Key, Estimate], runs: Sequence[Mapping[Key, Estimate]]) -> dict[Key, Estimate]:
    """The results over several runs: `pooled` from the rows of all, its interval widened to t over the runs."""
    if len(runs) == 1:
        return dict(pooled)
    return {key: _combine(key, estimate, [run[key] for run in runs if key in run]) for key, estimate in pooled.items()}


def _combine(key: Key, pooled: Estimate, runs: Sequence[Estimate]) -> Estimate:
    metric, q = key
    values = [run.value for run in runs if run.value is not None]
    too_few = q is not None and not pooled.shown
    if metric in NOT_SPREAD or pooled.value is None or too_few or not math.isfinite(sum(values)):
        return pooled
    spread = over_repeats(values, pooled.value, most=MOST.get(UNITS[metric], math.inf))
    ends = [(each.lo, each.hi) for each in (spread, pooled) if each.lo is not None and each.hi is not None]
    lo, hi = (min(lo for lo, _ in ends), max(hi for _, hi in ends)) if ends else (None, None)
    return replace(pooled, lo=lo, hi=hi)


def add_up(stages: Sequence[Mapping[Key, Estimate]]) -> dict[Key, Estimate]:
    """What all stages of a target took together; unknown where one of them is."""
    return {(metric, None): _sum([stage[metric, None] for stage in stages]) for metric in ADDED_UP}


def _sum(parts: Sequence[Estimate]) -> Estimate:
    n = sum(part.n for part in parts)
    values = [part.value for part in parts]
    if not parts or None in values:
        return nothing(n)
    ends = [(part.value if part.lo is None else part.lo, part.value if part.hi is None else part.hi) for part in parts]
    least, most = sum(lo or 0.0 for lo, _ in ends), sum(hi or 0.0 for _, hi in ends)
    return between(least, most, n)


def write_recoveries(level: float, recoveries: Sequence[Recovery]) -> list[MetricValue]:
    """How long each repeat took to come back from its spike; over all, the one that took longest."""
    told = [each.estimate for each in recoveries]
    known = [estimate for estimate in told if estimate.value is not None]
    if not known:
        return []
    slowest = max(known, key=lambda estimate: (estimate.at_least, estimate.value))
    of_repeat = [(each.repeat, estimate) for each, estimate in zip(recoveries, told, strict=True)]
    return [
        result
        for repeat, estimate in [*of_repeat, (None, slowest)]
        for result in list_metrics(
            {("recovery_ms", None): estimate}, target=recoveries[0].target, level=level, repeat=repeat
        )
    ]


def relate_levels(results: Sequence[MetricValue]) -> list[MetricValue]:
    """Pace of a stream and throughput of the whole at each level, as multiples of those at the least loaded level."""
    related: list[MetricValue] = []
    for metric, q, relative in RELATIVE:
        ladder = [each for each in results if each.metric == metric and each.q == q and each.repeat is None]
        ladder.sort(key=lambda result: result.level or 0)
        multiples = relative_to_unloaded([each.value for each in ladder])
        related += [
            MetricValue(
                target=each.target, level=each.level, repeat=None, metric=relative, q=q, value=multiple,
                unit=UNITS[relative], n=each.n, lo=None, hi=None, flags=each.flags,
            )
            for each, multiple in zip(ladder, multiples, strict=True)
        ]  # fmt: skip
    return related


def write_bill(bill: Bill | None, days: int, target: str) -> list[MetricValue]:
    """The bill of a day and of `days` days, both sides and their sum; None as unknown."""
    parts: dict[str, float | None] = dict.fromkeys(("", "_input", "_output"))
    if bill:
        parts = {"": bill.total, "_input": bill.input, "_output": bill.output}
    results: dict[Key, Estimate] = {
        (f"bill{part}_{span}", None): _plain(None if dollars is None else dollars * times, bill.n if bill else 0)
        for span, times in {"day": 1, "month": days}.items()
        for part, dollars in parts.items()
    }
    return list_metrics(results, target=target, level=None, repeat=None)


def write_need(need: Need, target: str) -> list[MetricValue]:
    """The rate and the users that a peak with its headroom needs."""
    results: dict[Key, Estimate] = {
        ("needed_rps", None): _plain(need.rps, 0),
        ("needed_users", None): _plain(need.users, 0),
    }
    return list_metrics(results, target=target, level=None, repeat=None)


def _plain(value: float | None, n: int) -> Estimate:
    return Estimate(value, None, None, n, float(n))
