"""Who answered the measured requests, as the answers themselves and their connections say.

Rule: what an answer does not report is in no count; shares are of the answers that reported it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

Counts = Mapping[str, int]
"""Value -> how many answers reported it, the most frequent first."""
NOTHING: Counts = MappingProxyType({})


class Answerers(NamedTuple):
    """Of measured answers, those that are empty included."""

    models: Counts = NOTHING
    tiers: Counts = NOTHING
    fingerprints: Counts = NOTHING
    deployments: Counts = NOTHING
    peers: Counts = NOTHING
    """Addresses that connections led to."""


NO_ANSWERERS = Answerers()

COLUMNS: Mapping[str, str] = {
    "models": "model_served",
    "tiers": "service_tier",
    "fingerprints": "fingerprint",
    "deployments": "deployment",
    "peers": "peer",
}
"""Field -> the column of a row that has it."""


def join_answerers(parts: Sequence[Answerers]) -> Answerers:
    """Those of several stages together."""
    fields = (join_counts([getattr(part, field) for part in parts]) for field in Answerers._fields)
    return Answerers(*fields)


def join_counts(parts: Sequence[Counts]) -> Counts:
    """Counts of several stages added up, the most frequent first."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total.most_common())
