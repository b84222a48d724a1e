"""The SLO of a scenario: the table of the latencies that it may limit, and the limits that are set.

Rule: key, metric and words of a limit are read from the table.
"""

from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from firsttoken.decoding.duration import parse_duration
from firsttoken.row import By
from firsttoken.scenario.values import Level, Limit, text_like


class LatencyLimit(NamedTuple):
    """A latency that the SLO may limit."""

    metric: str
    """Of `decide/metrics`, in ms."""
    words: str
    """How the report says the limit, before its value."""
    missed: str
    """What happened to the requests that missed it."""


LIMITS = {
    "ttft": LatencyLimit("ttft_ms", "first token within", "waited too long for their first token"),
    "ttfo": LatencyLimit("ttfo_ms", "first visible word within", "waited too long for their first visible word"),
    "felt_ttft": LatencyLimit(
        "felt_ttft_ms", "first word, retries included, within", "waited too long for their first word"
    ),
    "tpot": LatencyLimit("tpot_ms", "per token at most", "were streamed too slowly (TPOT)"),
    "e2e": LatencyLimit("e2e_ms", "whole answer within", "took too long as a whole"),
}
"""Key of [slo] -> the latency that it limits."""
_LIST = " and ".join((", ".join([*LIMITS][:-1]), [*LIMITS][-1]))
Quantile = Annotated[
    str,
    text_like(
        f"({'|'.join(LIMITS)})_p(50|95|99)",
        f'a latency and its quantile such as "ttft_p95": of {_LIST}, the p50, p95 or p99',
    ),
]


class Slo(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The SLO: a request meets it when it succeeds and every limit that is set holds."""

    ttft: Limit = ""
    ttfo: Limit = ""
    felt_ttft: Limit = ""
    tpot: Limit = ""
    e2e: Limit = ""
    share: Annotated[float, Meta(gt=0, le=1)] = 0.95
    at: Level = ""
    """The level that decides, e.g. "users=32" or "rate=2.5"."""

    @property
    def limits_ms(self) -> dict[str, float]:
        """Latency metric -> the most that it may be; only limits that are set."""
        written = {limit.metric: getattr(self, key) for key, limit in LIMITS.items()}
        return {metric: 1000 * parse_duration(text) for metric, text in written.items() if text}

    @property
    def level(self) -> tuple[By, float] | None:
        """The deciding level of `at`, if one is named: what it counts, and how many."""
        by, _, number = self.at.partition("=")
        if not number:
            return None
        return "users" if by == "users" else "rate", float(number)
