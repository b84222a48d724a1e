"""How a load that changes was carried along its course: the share of requests that kept the promise, part by part.

    part    an equal stretch of a straight piece of the course, about a tenth of it all; where only the load process
            knows the pieces, a tenth of the measure window
    load    the mean that was asked for in it; where nobody tells, what came: users at work, or arrivals a second

Rule: the intervals of the shares hold all together and not each by itself (Bonferroni: each has the confidence
1 - 0.05 / parts), or a service at the brink would seem to break for being looked at often.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from firsttoken.decide.flags.delivery import count_at_work
from firsttoken.decide.judge.capacity import Verdict
from firsttoken.decide.measure.attempts import Bools, Floats
from firsttoken.decide.measure.recovery import read_waits
from firsttoken.decide.measure.window_data import Observation, Window
from firsttoken.scenario.course import Piece
from firsttoken.stats.effective import effective_size
from firsttoken.stats.estimate import Estimate
from firsttoken.stats.proportion import proportion_interval
from firsttoken.stats.quantile import quantile_interval

PARTS = 10
ALL_TOGETHER = 0.05
"""How often one of all the intervals may miss."""


class Span(NamedTuple):
    """A stretch of a course, in seconds from the opening of the measure window."""

    begins_s: float
    ends_s: float
    load: float | None
    """The mean that is asked for in it; None where nobody tells."""


@dataclass(frozen=True)
class Part:
    """What a stretch of a course showed."""

    begins_s: float
    ends_s: float
    load: float
    share: Estimate
    """The requests intended in it that kept the promise."""
    wait_ms: Estimate
    """The median wait for the first word, retries inside, of those who asked in it."""
    verdict: Verdict


def cut(pieces: Sequence[Piece], length_s: float) -> list[Span]:
    """The stretches of a course so far as a window of this length reaches; without pieces, ten equal ones."""
    if not pieces:
        return [Span(length_s * n / PARTS, length_s * (n + 1) / PARTS, None) for n in range(PARTS)]
    spans = [Span(span.begins_s, min(span.ends_s, length_s), span.load) for span in _divide(pieces)]
    return [span for span in spans if span.begins_s < span.ends_s]


def _divide(pieces: Sequence[Piece]) -> Iterator[Span]:
    """Each piece in as many equal parts as come nearest to a tenth of the course."""
    whole_s, begins_s = sum(piece.seconds for piece in pieces), 0.0
    for piece in pieces:
        count = max(1, round(PARTS * piece.seconds / whole_s))
        for n in range(count):
            load = piece.start + (piece.end - piece.start) * (n + 0.5) / count
            yield Span(begins_s + piece.seconds * n / count, begins_s + piece.seconds * (n + 1) / count, load)
        begins_s += piece.seconds


def follow_course(seen: Observation, pieces: Sequence[Piece]) -> list[Part]:
    """The parts of one course, its repeats taken together; parts in which nobody asked are left out."""
    spans = cut(pieces, min(closes - opens for opens, closes in seen.windows) / 1e9)
    parts = (_look(seen, span, 1 - ALL_TOGETHER / len(spans)) for span in spans)
    return [part for part in parts if part.share.n]


def _look(seen: Observation, span: Span, confidence: float) -> Part:
    windows = [(opens + round(1e9 * span.begins_s), opens + round(1e9 * span.ends_s)) for opens, _ in seen.windows]
    chosen = [_is_within(seen, window) for window in windows]
    inside = np.logical_or.reduce(chosen)
    promised = inside & ~seen.judged.excused
    kept = seen.judged.kept
    n_eff = sum(
        effective_size(seen.requests.intended_ns[who], kept[who].astype(np.float64), window, seen.request_ns).n_eff
        for who, window in zip(chosen, windows, strict=True)
    )
    undecided = int((seen.judged.undecided & inside).sum())
    share = proportion_interval(int((kept & inside).sum()), int(promised.sum()), n_eff, confidence, undecided)
    return Part(
        begins_s=span.begins_s,
        ends_s=span.ends_s,
        load=_find_load(seen, windows, inside) if span.load is None else span.load,
        share=share,
        wait_ms=_find_wait(seen, inside),
        verdict=_judge(share, seen.promise.share),
    )


def _is_within(seen: Observation, window: Window) -> Bools:
    intended = seen.requests.intended_ns
    return np.asarray(seen.measured & (intended >= window[0]) & (intended < window[1]), dtype=np.bool_)


def _find_load(seen: Observation, windows: Sequence[Window], inside: Bools) -> float:
    """What came in these windows: arrivals a second, or the mean number of users at work."""
    if not seen.by_rate:
        return count_at_work(seen, windows=windows)
    first_turn = seen.attempts.turn[seen.requests.first] == 0
    seconds = sum(closes - opens for opens, closes in windows) / 1e9
    return int((inside & first_turn).sum()) / seconds


def _find_wait(seen: Observation, inside: Bools) -> Estimate:
    waits: Floats = read_waits(seen)[inside]
    return quantile_interval(waits[~np.isnan(waits)], 0.5)


def _judge(share: Estimate, asked: float) -> Verdict:
    if share.lo is None or share.hi is None:
        return "UNKNOWN"
    return "PASS" if share.lo >= asked else "FAIL" if share.hi < asked else "UNKNOWN"


def find_break(parts: Sequence[Part]) -> Part | None:
    """The first part that is shown to break the promise."""
    return next((part for part in parts if part.verdict == "FAIL"), None)
