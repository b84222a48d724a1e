"""A run as it went by: every attempt that reached the wire on one axis of time, and the curves that follow from it.

Rule: rows are read a stage at a time and what stays of them is the size of a chart. Nothing is averaged away here that
the caller could not add up again: the integral of each curve is the total.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from firsttoken.decoding.duration import NS
from firsttoken.old_paths import read_renamed
from firsttoken.results.folder import Run
from firsttoken.row import FAILED

NUMBERS = ("sent_ns", "first_token_ns", "last_token_ns", "end_ns", "output_tokens", "token_events")
SENT = "sent_ns IS NOT NULL"
STAGES = (
    "SELECT stage, any_value(target), count(*), max(greatest(sent_ns, coalesce(end_ns, 0))) "
    f"FROM attempts WHERE {SENT} GROUP BY stage ORDER BY stage"
)
PER_EVENT = (
    f"SELECT sum(output_tokens) / sum(token_events) FROM attempts WHERE {SENT} AND output_tokens IS NOT NULL "
    "AND token_events > 0"
)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Trace:
    """Attempts of a stage in the order they were sent; times in seconds since the run's origin, nan where missing."""

    limited: Bools
    """Answered 429."""
    failed: Bools
    """Failed otherwise, as the page on failures counts it."""
    sent: Floats
    first: Floats
    last: Floats
    end: Floats
    tokens: Floats
    """Output tokens; where the server reported none, as many an event as elsewhere in the run, nan if it never did."""

    @property
    def ttft(self) -> Floats:
        return self.first - self.sent


@dataclass(frozen=True, eq=False, kw_only=True)
class StageTrace:
    """What stays of one stage: how many attempts it had, and every so many-th of them."""

    target: str
    attempts: int
    limited: int
    failed: int
    sent: Floats
    ttft: Floats

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            """What pages of the last release read here."""
            return read_renamed(self, name)


@dataclass(frozen=True, eq=False, kw_only=True)
class Timeline:
    """A whole run: curves between neighbouring edges, in seconds since its origin, and its stages by their number."""

    stop: float
    """The last moment anything happened."""
    edges: Floats
    in_flight: Floats
    """Attempts at each edge."""
    tokens_per_s: Floats
    limited_per_s: Floats
    failed_per_s: Floats
    step: int
    """Every so many-th attempt stays."""
    stages: dict[int, StageTrace]

    @property
    def width(self) -> float:
        """Seconds from one edge to the next."""
        return float(self.edges[1] - self.edges[0])

    @property
    def attempts(self) -> int:
        return sum(stage.attempts for stage in self.stages.values())


def read_timeline(run: Run, most_bins: int, most_dots: int) -> Timeline:
    """Read the timeline of a run: at most so many bins, each of whole seconds, and about so many single attempts."""
    stages = msgspec.convert(run.sql(STAGES)[1], list[tuple[int, str, int, int]])
    [(per_event,)] = msgspec.convert(run.sql(PER_EVENT)[1], list[tuple[float | None]])
    stop = max((last for *_, last in stages), default=0) / NS
    width = max(1.0, math.ceil(stop / most_bins))
    edges = np.arange(0.0, stop + width, width)
    step = max(1, -(-sum(count for _, _, count, _ in stages) // most_dots))
    in_flight, curves = np.zeros(len(edges)), np.zeros((3, len(edges) - 1))
    kept: dict[int, StageTrace] = {}
    passed = 0
    for number, target, count, _ in stages:
        trace = read_trace(run, number, per_event)
        failures = [np.histogram(trace.end[which], edges)[0] / width for which in (trace.limited, trace.failed)]
        in_flight += count_in_flight(trace, edges)
        curves += [tokens_per_second(trace, edges), *failures]
        kept[number] = _thin(trace, target, slice(-passed % step, None, step))
        passed += count
    tokens, limited, failed = curves
    return Timeline(
        stop=stop, edges=edges, in_flight=in_flight, tokens_per_s=tokens, limited_per_s=limited, failed_per_s=failed,
        step=step, stages=kept,
    )  # fmt: skip


def _thin(trace: Trace, target: str, kept: slice) -> StageTrace:
    return StageTrace(
        target=target,
        attempts=len(trace.sent),
        limited=int(trace.limited.sum()),
        failed=int(trace.failed.sum()),
        sent=trace.sent[kept].copy(),
        ttft=trace.ttft[kept].copy(),
    )


def read_trace(run: Run, stage: int, per_event: float | None) -> Trace:
    """Read one stage; an attempt whose tokens were not reported counts `per_event` of them an event, nan if None."""
    order = "sent_ns, request_id, attempt"
    raw = run.attempts("outcome", *NUMBERS, where=f"stage = {stage} AND {SENT}", order=order)
    numbers = {name: np.asarray(raw[name], dtype=np.float64) for name in NUMBERS}
    outcome = np.asarray(raw["outcome"], dtype=np.object_)
    limited = np.asarray(outcome == "rate_limited", dtype=np.bool_)
    reported = numbers["output_tokens"]
    estimate = numbers["token_events"] * (np.nan if per_event is None else per_event)
    return Trace(
        limited=limited,
        failed=np.isin(outcome, list(FAILED)) & ~limited,
        sent=numbers["sent_ns"] / NS,
        first=numbers["first_token_ns"] / NS,
        last=numbers["last_token_ns"] / NS,
        end=numbers["end_ns"] / NS,
        tokens=np.where(np.isnan(reported), estimate, reported),
    )


def count_in_flight(trace: Trace, at: Floats) -> Floats:
    """Attempts sent and not ended at each moment of `at`."""
    ended = np.sort(trace.end[~np.isnan(trace.end)])
    begun, gone = np.searchsorted(trace.sent, at, "right"), np.searchsorted(ended, at, "right")
    return (begun - gone).astype(np.float64)


def tokens_per_second(trace: Trace, edges: Floats) -> Floats:
    """Tokens that arrived between neighbouring edges, per second; a stream's tokens spread evenly over its time."""
    streamed = ~np.isnan(trace.first) & ~np.isnan(trace.last) & (trace.tokens > 0)
    if not streamed.any():
        return np.zeros(len(edges) - 1)
    first, tokens = trace.first[streamed], trace.tokens[streamed]
    width = np.maximum(trace.last[streamed] - first, 1e-3)
    times = np.concatenate([first, first + width])
    order = np.argsort(times, kind="stable")
    times, pace = times[order], np.cumsum(np.concatenate([tokens / width, -tokens / width])[order])
    arrived = np.concatenate([[0.0], np.cumsum(pace[:-1] * np.diff(times))])
    per_second: Floats = np.diff(np.interp(edges, times, arrived)) / np.diff(edges)
    return per_second
