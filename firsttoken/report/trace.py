"""A run as it went by: every attempt that reached the wire on one axis of time, and the curves that follow from it.

Rule: nothing is averaged away here that the caller could not add up again: the integral of each curve is the total.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firsttoken.results.folder import Run
from firsttoken.row import SUCCESS

NS = 1e9
BLAMELESS = [*SUCCESS, "cancelled_by_run", "cancelled_by_user", "lost"]
COLUMNS = (
    "target", "stage", "phase", "outcome", "sent_ns", "first_token_ns", "last_token_ns", "end_ns", "output_tokens",
    "token_events",
)  # fmt: skip

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Trace:
    """Attempts in the order they were sent; times in seconds since the run's origin, nan where a mark is missing."""

    target: NDArray[np.object_]
    stage: NDArray[np.int64]
    measured: Bools
    limited: Bools
    """Answered 429."""
    failed: Bools
    """Failed otherwise, by no doing of ours."""
    sent: Floats
    first: Floats
    last: Floats
    end: Floats
    tokens: Floats
    """Output tokens; where the server did not tell, as many an event as elsewhere in the run, nan if it never told."""

    @property
    def ttft(self) -> Floats:
        return self.first - self.sent

    @property
    def stop(self) -> float:
        """The last moment anything happened."""
        return float(np.nanmax(np.concatenate([self.sent, self.end, [0.0]])))


def read_trace(run: Run) -> Trace:
    """Read what a timeline needs of a run's attempts."""
    raw = run.attempts(*COLUMNS, where="sent_ns IS NOT NULL", order="sent_ns, request_id, attempt")
    numbers = {name: np.asarray(raw[name], dtype=np.float64) for name in COLUMNS[4:]}
    outcome = np.asarray(raw["outcome"], dtype=np.object_)
    limited = np.asarray(outcome == "rate_limited", dtype=np.bool_)
    return Trace(
        target=np.asarray(raw["target"], dtype=np.object_),
        stage=np.asarray(raw["stage"], dtype=np.int64),
        measured=np.asarray(raw["phase"] == "measure", dtype=np.bool_),
        limited=limited,
        failed=~np.isin(outcome, BLAMELESS) & ~limited,
        sent=numbers["sent_ns"] / NS,
        first=numbers["first_token_ns"] / NS,
        last=numbers["last_token_ns"] / NS,
        end=numbers["end_ns"] / NS,
        tokens=_estimate_untold(numbers["output_tokens"], numbers["token_events"]),
    )


def _estimate_untold(told: Floats, events: Floats) -> Floats:
    known = ~np.isnan(told) & (events > 0)
    per_event = told[known].sum() / events[known].sum() if known.any() else np.nan
    return np.where(np.isnan(told), events * per_event, told)


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


def measure_drift(trace: Trace, stage: int, window: tuple[int, int], fewest: int = 5) -> float | None:
    """Median TTFT of a window's second half against its first, as a share; None with too few in a half."""
    middle = sum(window) / 2 / NS
    chosen = trace.measured & (trace.stage == stage) & ~np.isnan(trace.first)
    ttft, late = trace.ttft[chosen], trace.sent[chosen] >= middle
    if min(late.sum(), (~late).sum()) < fewest:
        return None
    return float(np.median(ttft[late]) / np.median(ttft[~late]) - 1)
