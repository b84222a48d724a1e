"""What the openai package adds: the same requests to the same model on the wire and through the package, compared.

    added = quantile through the package - quantile on the wire, its interval by MOVER (see stats/difference.py)

Rule: two targets are a pair when they differ in nothing but their client, and they are compared only where the answers
came to both alike: else what a proxy does to compressed answers would be called the package's cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from firsttoken.decide.measure.held_back import are_alike
from firsttoken.decide.metrics.combine import list_metrics
from firsttoken.decide.metrics.metric import OfPair
from firsttoken.decide.metrics.table import METRICS
from firsttoken.decide.metrics.value import MetricKey, MetricValue
from firsttoken.scenario.target import Target
from firsttoken.stats.estimate import Estimate, nothing

if TYPE_CHECKING:
    from firsttoken.decide.study import Study

UNSHOWN = frozenset({"UNDERSAMPLED", "CENSORED"})
"""Flags of a value that nothing is subtracted from."""


class Pair(NamedTuple):
    """Two targets that differ only in their client."""

    wire: Target
    sdk: Target

    def levels(self, study: Study) -> list[float]:
        """The levels at which both were measured."""
        return [level for level in study.levels(self.wire.name) if level in study.levels(self.sdk.name)]

    def is_alike(self, study: Study, level: float) -> bool:
        """Whether the answers of a level came to both clients alike."""
        return are_alike(study.held_back, self.wire.name, self.sdk.name, level)


def find_pairs(study: Study) -> list[Pair]:
    """Every target that goes through the package with the one that is the same but for its client."""
    targets = study.scenario.target
    packaged = [target for target in targets if target.client == "sdk"]
    return [Pair(wire, sdk) for sdk in packaged for wire in targets if wire.client == "wire" and _is_same(wire, sdk)]


def _is_same(one: Target, other: Target) -> bool:
    """Whether they are asked the same in the same way but for the client; a tier in a header is part of it."""
    same = {key: getattr(other, key) for key in ("name", "client", "connection", "prices", "price")}
    return msgspec.structs.replace(one, **same) == other


def list_added(study: Study) -> list[MetricValue]:
    """What the package adds at every level of every pair."""
    return list_metrics(
        {
            MetricKey(target=pair.sdk.name, level=level, metric=name, q=q): _compare(study, pair, level, of, q)
            for pair in find_pairs(study)
            for level in pair.levels(study)
            for name, metric in METRICS.items()
            if isinstance(of := metric.of, OfPair)
            for q in of.quantiles
        }
    )


def _compare(study: Study, pair: Pair, level: float, of: OfPair, q: float) -> Estimate:
    """What a metric comes to; nothing where the two cannot be compared."""
    if not pair.is_alike(study, level):
        return nothing()
    wire, sdk = (_as_estimate(study.result(target.name, of.metric, level=level, q=q)) for target in pair)
    return of.compute(wire, sdk)


def find_most_added(study: Study) -> MetricValue | None:
    """What is added to the median TTFT at the highest load of a pair that shows it; of the pairs, where it is most."""
    highest = []
    for pair in find_pairs(study):
        added = [study.result(pair.sdk.name, "client_added_ttft_ms", level=at, q=0.5) for at in pair.levels(study)]
        highest += [each for each in added if each and each.lo is not None and each.hi is not None][-1:]
    return max(highest, key=lambda each: each.value or 0.0, default=None)


def list_apart(study: Study) -> list[str]:
    """A sentence for every level of a pair whose answers came to the two clients in different ways."""
    return [
        f"At {study.unit.write(level)} {_write_held_back(study, pair.sdk, level)} of the answers to the package came "
        f"compressed or in one burst, and {_write_held_back(study, pair.wire, level)} of those on the wire: a server "
        "or a proxy delays them, not the package"
        for pair in find_pairs(study)
        for level in pair.levels(study)
        if not pair.is_alike(study, level)
    ]


def list_limited(study: Study) -> list[float]:
    """The levels at which the load process itself was the limit of a target of the package."""
    packaged = {pair.sdk.name for pair in find_pairs(study)}
    flags = [flag for flag in study.flags if flag.name == "CLIENT_LIMITED" and flag.target in packaged]
    return sorted({flag.level for flag in flags if flag.level is not None})


def _write_held_back(study: Study, target: Target, level: float) -> str:
    return f"{100 * study.held_back.get((target.name, level), 0.0):.0f} %"


def _as_estimate(result: MetricValue | None) -> Estimate:
    if result is None or UNSHOWN & set(result.flags):
        return nothing()
    return Estimate(result.value, result.lo, result.hi, result.n, float(result.n))
