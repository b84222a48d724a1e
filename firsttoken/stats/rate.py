"""Token rates in a window: tokens that arrived in it, divided by its length.

Rule: a token counts when it arrives, whichever phase its request belongs to; a server's rate is what left it in that
time. The output tokens of an attempt are spread evenly over its token events, because an event may carry several
and the stream does not say how many.

Events are many and are never kept: they are counted in cells. The ends of all batches of any number up to 20 are the
fractions k/b with b <= 20 of the window, of which there are 128 (the Farey sequence of order 20; Hardy and Wright, An
Introduction to the Theory of Numbers, 3.1): cells between those give the total of every batch, and counts of several
parts of the events add up to the counts of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from firsttoken.stats.batch import BATCHES, batch_count
from firsttoken.stats.estimate import Estimate, nothing

FEWEST = 5
"""Batches below which a rate has no interval: t with fewer degrees of freedom says next to nothing."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Arrivals:
    """The token events that fell into a window (from_ns, to_ns), counted in its cells."""

    window: tuple[int, int]
    events: Ints
    reported: Floats
    """Tokens of attempts whose output is known."""
    unreported: Ints
    """Events of attempts whose output is not."""

    def tokens(self, per_event: float) -> Floats:
        """All tokens of each cell, with so many for each event of unknown tokens."""
        return self.reported + per_event * self.unreported

    def __add__(self, other: Arrivals) -> Arrivals:
        return Arrivals(
            self.window, self.events + other.events, self.reported + other.reported, self.unreported + other.unreported
        )


def cell_edges(window: tuple[int, int]) -> Ints:
    """Where the cells of a window begin, and where the last one ends, in ns."""
    begin, end = window
    cuts = [_cut(end - begin, place, batches) for batches in range(1, BATCHES + 1) for place in range(batches + 1)]
    return begin + np.unique(cuts)


def _cut(length: int, place: int, batches: int) -> int:
    """Where a batch begins in a window of that length: the first ns that `batch_totals` counts to it."""
    return -(-length * place // batches)


def no_arrivals(window: tuple[int, int]) -> Arrivals:
    """A window into which nothing fell."""
    none = np.zeros(0)
    return count_arrivals(none, none.astype(np.int64), none.astype(np.int64), none, window)


def count_arrivals(
    first_token_ns: Floats, gap_count: Ints, gaps_us: Ints, output_tokens: Floats, window: tuple[int, int]
) -> Arrivals:
    """Spread the output tokens of attempts evenly over their token events, and count what falls into the window.

    One entry per attempt: when its first token came, nan if none did; how many gaps to next events follow in the flat
    `gaps_us`; and its output tokens, nan where unknown (a stream cut short). An empty window counts nothing.
    """
    edges = cell_edges(window)
    events = gap_count + 1
    place = np.searchsorted(edges, _walk(first_token_ns, gap_count, gaps_us), "right")
    unreported = np.isnan(output_tokens) & ~np.isnan(first_token_ns)
    per_event = np.repeat(np.nan_to_num(output_tokens) / events, events)
    cells = slice(1, len(edges))  # what lies before the window, and after it, is left out
    return Arrivals(
        window,
        np.bincount(place, minlength=len(edges) + 1)[cells],
        np.bincount(place, per_event, minlength=len(edges) + 1)[cells].astype(np.float64),
        np.bincount(place[np.repeat(unreported, events)], minlength=len(edges) + 1)[cells],
    )


def _walk(first_token_ns: Floats, gap_count: Ints, gaps_us: Ints) -> Ints:
    """When every token event came, attempt after attempt; before all windows where no token came."""
    events = gap_count + 1
    firsts = np.cumsum(events) - events
    steps = np.zeros(int(events.sum()), dtype=np.int64)
    later = np.ones(len(steps), dtype=np.bool_)
    later[firsts] = False
    steps[later] = gaps_us * 1000
    walked = np.cumsum(steps)
    began = np.nan_to_num(first_token_ns, nan=-(2.0**62)).astype(np.int64)
    at_ns: Ints = walked + np.repeat(began - walked[firsts], events)
    return at_ns


def usual_tokens(output_tokens: Floats, events: Ints) -> float:
    """Tokens per event over the attempts whose output is known; 1 where none is: then that is no count of tokens."""
    known = ~np.isnan(output_tokens)
    return float(output_tokens[known].sum() / events[known].sum()) if known.any() else 1.0


def estimated_share(arrived: Sequence[Arrivals], per_event: float) -> float:
    """The share of the tokens of windows that was estimated; 0 where none arrived."""
    total = float(sum(each.tokens(per_event).sum() for each in arrived))
    unreported = per_event * sum(int(each.unreported.sum()) for each in arrived)
    return unreported / total if total else 0.0


def token_rate(arrived: Arrivals, per_event: float, request_ns: float, confidence: float = 0.95) -> Estimate:
    """Tokens per second of a window, `per_event` of them in an untold event.

    The interval is Student's t over the rates of equal batches, each longer than a request of request_ns, at most 20
    of them; None below 5. n: events in the window. n_eff: batches.
    """
    begin, end = arrived.window
    if end <= begin:
        return nothing()
    seconds = (end - begin) / 1e9
    n, tokens = int(arrived.events.sum()), arrived.tokens(per_event)
    value = float(tokens.sum()) / seconds
    batches = batch_count(arrived.window, request_ns)
    if batches < FEWEST:
        return Estimate(value, None, None, n, float(batches))
    cuts = [begin + _cut(end - begin, place, batches) for place in range(batches)]
    totals = np.add.reduceat(tokens, np.searchsorted(cell_edges(arrived.window), cuts)) / (seconds / batches)
    half = float(t.ppf((1 + confidence) / 2, batches - 1) * totals.std(ddof=1) / np.sqrt(batches))
    return Estimate(value, max(0.0, value - half), value + half, n, float(batches))
