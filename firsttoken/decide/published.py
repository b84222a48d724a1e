"""A measured metric beside the figure that a vendor or a reviewer published.

    difference = measured / published - 1

Rule: a published figure belongs to one dated source, which is named wherever the figure is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from firsttoken.catalogue import ASSUMED, Source, find_assumed
from firsttoken.decide.metrics.client import difference
from firsttoken.decide.metrics.combine import list_metrics
from firsttoken.decide.metrics.metric import OfPublished
from firsttoken.decide.metrics.table import METRICS
from firsttoken.decide.metrics.value import MetricKey, MetricValue
from firsttoken.stats.estimate import Estimate, nothing

if TYPE_CHECKING:
    from firsttoken.decide.study import Study

AGREE = 0.03
"""A median this near to the published figure agrees with it, with any interval."""

FIELDS = {
    "ttft_ms": ("time to first token", "ttft_s", 1000.0),
    "stream_tok_s": ("pace of a stream", "tokens_per_s", 1.0),
}
"""Metric -> its name, the catalogue's field, how many of the metric's units make one of the field's."""


@dataclass(frozen=True)
class Comparison:
    """One published figure and its measurement, in the metric's unit."""

    target: str
    metric: str
    published: float
    source: Source | None
    """None: no source states it, and the model was simulated at an assumed speed."""
    measured: MetricValue | None

    @property
    def name(self) -> str:
        return FIELDS[self.metric][0]

    @property
    def difference(self) -> tuple[float, float, float] | None:
        """Measured against published as a share, with both ends of its interval; None where not measured."""
        found = difference(self.measured, self.published) if self.measured else nothing()
        if found.value is None or found.lo is None or found.hi is None:
            return None
        return found.value, found.lo, found.hi

    @property
    def verdict(self) -> str:
        """agrees, slower, faster, not measured, or assumed where nothing is published."""
        if self.source is None:
            return "assumed"
        if self.difference is None:
            return "not measured"
        value, lo, hi = self.difference
        if lo <= 0 <= hi or abs(value) <= AGREE:
            return "agrees"
        return "slower" if (value > 0) == (self.metric == "ttft_ms") else "faster"


def list_differences(study: Study) -> list[MetricValue]:
    """The distance of every speed from what a source publishes of it."""
    found: dict[MetricKey, Estimate] = {}
    for each in compare_published(study):
        if each.source is None or each.measured is None:
            continue
        for name, metric in METRICS.items():
            if isinstance(of := metric.of, OfPublished) and of.metric == each.metric:
                found[replace(each.measured.key, metric=name)] = of.compute(each.measured, each.published)
    return list_metrics(found)


def is_alone(study: Study, target: str) -> bool:
    """Whether the lowest load of a target was one user alone."""
    beside = study.scenario.load.drives_at_once and len(study.targets) > 1
    return study.unit.by == "users" and not study.unit.shape and study.levels(target)[:1] == [1.0] and not beside


def compare_published(study: Study) -> Iterator[Comparison]:
    """Every published speed of every target, at its lowest load: from its price source, else the first that has one.
    Of a simulated model of which none is published, the one that it was simulated at.

    What is published is the speed of a model alone, so only the load of one user is compared with it: none of a load
    that changes as it is measured, that is arrivals, or that begins with more users.
    """
    for target in study.scenario.target:
        model, levels = study.catalogue.get(target.model), study.levels(target.name)
        if model is None or not levels or not is_alone(study, target.name):
            continue
        sources = [model.sources[name] for name in sorted(model.sources, key=lambda name: name != target.prices)]
        for metric, (_, field, per) in FIELDS.items():
            stated = [source for source in sources if getattr(source, field) is not None]
            if stated:
                result = study.result(target.name, metric, level=levels[0], q=0.5)
                yield Comparison(target.name, metric, per * getattr(stated[0], field), stated[0], result)
            elif not target.base_url and field in find_assumed(model, target.prices, target.simulator):
                result = study.result(target.name, metric, level=levels[0], q=0.5)
                yield Comparison(target.name, metric, per * getattr(ASSUMED, field), None, result)
