"""Rates in a window: tokens or requests that arrived in it, divided by its length.

Rule: a token counts when it arrives, whichever phase its request belongs to; a server's rate is what left it in that
time. The output tokens of an attempt are spread evenly over its token events, because an event may carry several
and the stream does not say how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from firsttoken.stats.batch import batch_count, batch_totals
from firsttoken.stats.estimate import Estimate, nothing

FEWEST = 5
"""Batches below which a rate has no interval: t with fewer degrees of freedom says next to nothing."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class TokenArrivals:
    """Token events of many attempts in flat arrays: when each came, and how many tokens it stands for."""

    at_ns: Ints
    tokens: Floats
    estimated: NDArray[np.bool_]
    """Whether the event belongs to an attempt whose output the server never counted."""

    def estimated_share(self, *windows: tuple[int, int]) -> float:
        """The share of the tokens within the windows (from_ns, to_ns) that nobody counted; 0 where none arrived."""
        inside = np.zeros(len(self.at_ns), dtype=np.bool_)
        for begin, end in windows:
            inside |= (self.at_ns >= begin) & (self.at_ns < end)
        total = float(self.tokens[inside].sum())
        return float(self.tokens[inside & self.estimated].sum()) / total if total else 0.0


def token_arrivals(first_token_ns: Ints | Floats, gaps_us: Sequence[Ints], output_tokens: Floats) -> TokenArrivals:
    """Spread the output tokens of attempts evenly over their token events.

    One entry per attempt that has a first token: when it came, the gaps to its next token events, and its output
    tokens, nan where unknown (a stream cut short). Such an attempt gets as many tokens an event as the known attempts
    had, or one where none is known: then they are no count of tokens, and `estimated` says so of each.
    """
    events = np.array([len(gaps) for gaps in gaps_us], dtype=np.int64) + 1
    firsts = np.cumsum(events) - events
    steps = np.zeros(int(events.sum()), dtype=np.int64)
    later = np.ones(len(steps), dtype=bool)
    later[firsts] = False
    if len(gaps_us):
        steps[later] = np.concatenate(gaps_us) * 1000
    walked = np.cumsum(steps)
    at_ns = walked + np.repeat(first_token_ns.astype(np.int64) - walked[firsts], events)
    known = ~np.isnan(output_tokens)
    usual = output_tokens[known].sum() / events[known].sum() if known.any() else 1.0
    per_event = np.where(known, output_tokens / events, usual)
    return TokenArrivals(at_ns, np.repeat(per_event, events), np.repeat(~known, events))


def rate(
    times_ns: Ints | Floats,
    weights: Floats,
    window: tuple[int, int],
    request_ns: float,
    confidence: float = 0.95,
) -> Estimate:
    """Weight per second that arrived within the window (from_ns, to_ns); weights of 1 count requests.

    The interval is Student's t over the rates of equal batches, each longer than a request of request_ns, at most 20
    of them; None below 5. n: arrivals in the window. n_eff: batches.
    """
    begin, end = window
    if end <= begin:
        return nothing()
    seconds = (end - begin) / 1e9
    inside = (times_ns >= begin) & (times_ns < end)
    n = int(inside.sum())
    value = float(weights[inside].sum()) / seconds
    batches = batch_count(window, request_ns)
    if batches < FEWEST:
        return Estimate(value, None, None, n, float(batches))
    totals = batch_totals(times_ns, weights, window, batches) / (seconds / batches)
    half = float(t.ppf((1 + confidence) / 2, batches - 1) * totals.std(ddof=1) / np.sqrt(batches))
    return Estimate(value, max(0.0, value - half), value + half, n, float(batches))
