"""What the token events of a stage show, read a part at a time: a run has far more of them than of anything else.

Rule: gaps pass through and are never kept. What stays is a number per attempt, and counts in the cells of a window.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from firsttoken.decide.measure.attempts import Attempts, Floats, Ints
from firsttoken.decide.measure.latency import late_tokens, streamed_tokens
from firsttoken.stats.rate import Arrivals, count_arrivals, no_arrivals

GAPS_AT_ONCE = 2_000_000


class ReadGaps(Protocol):
    """Reads the gaps of the attempts between two rows of the file, both included, end to end in its order. In us."""

    def __call__(self, first: int, last: int) -> Ints: ...


@dataclass(frozen=True, eq=False)
class Streams:
    """What the streams of a window's attempts showed."""

    late_tokens: Floats
    """Of each attempt: tokens that came later than a reader at the pace of the SLO needs them; nan without an SLO."""
    arrived: tuple[Arrivals, ...]
    """The token events of all attempts in each measure window."""


def read_streams(
    attempts: Attempts,
    read_gaps: ReadGaps,
    windows: Sequence[tuple[int, int]],
    pace_ms: float | None,
    at_once: int = GAPS_AT_ONCE,
) -> Streams:
    """Read the gaps of one stage's attempts, about `at_once` of them at a time."""
    tokens = streamed_tokens(attempts)
    late = np.full(len(attempts), np.nan)
    arrived = [no_arrivals(window) for window in windows]
    for part in split_attempts(attempts, at_once):
        counts, streamed = attempts.gap_count[part], tokens[part]
        gaps_us = read_gaps(int(attempts.file_row[part[0]]), int(attempts.file_row[part[-1]]))
        if pace_ms is not None:
            late[part] = late_tokens(counts, gaps_us, streamed, pace_ms)
        first_ns = attempts.first_token_ns[part]
        arrived = [so_far + count_arrivals(first_ns, counts, gaps_us, streamed, so_far.window) for so_far in arrived]
    return Streams(late, tuple(arrived))


def split_attempts(attempts: Attempts, at_once: int) -> Iterator[Ints]:
    """The places of attempts in the order of the file, in parts that have about so many gaps."""
    order = np.argsort(attempts.file_row)
    part = np.cumsum(attempts.gap_count[order]) // at_once
    yield from (places for places in np.split(order, np.flatnonzero(np.diff(part)) + 1) if len(places))


def join_streams(parts: Sequence[Streams]) -> Streams:
    """The streams of several stages one after the other, as `join_attempts` lays their attempts."""
    late = np.concatenate([part.late_tokens for part in parts])
    return Streams(late, tuple(arrived for part in parts for arrived in part.arrived))
