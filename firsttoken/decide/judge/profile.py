"""How the service carried a load profile: the share of requests that met the SLO in each time slice.

    slice   an equal stretch of a straight segment of the profile, about a tenth of it all; where only the load process
            knows the segments, a tenth of the measure window
    load    the mean that was asked for in it; where it is unknown, what came: users at work, or arrivals a second

Rule: the intervals of the shares hold all together and not each by itself (Bonferroni: each has the confidence
1 - 0.05 / parts), or a service at the brink would seem to break for being checked often.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from firsttoken.decide.judge.capacity import Verdict
from firsttoken.decide.measure.attempts import Bools, Floats
from firsttoken.decide.measure.delivered import count_at_work
from firsttoken.decide.measure.recovery import read_waits
from firsttoken.decide.measure.window_data import Window, WindowData
from firsttoken.scenario.course import Segment
from firsttoken.stats.effective import effective_size
from firsttoken.stats.estimate import Estimate
from firsttoken.stats.proportion import proportion_interval
from firsttoken.stats.quantile import quantile_interval

SLICES = 10
ALL_TOGETHER = 0.05
"""How often one of all the intervals may miss."""


class Span(NamedTuple):
    """A stretch of a load profile, in seconds from the opening of the measure window."""

    begins_s: float
    ends_s: float
    load: float | None
    """The mean that is asked for in it; None where it is unknown."""


@dataclass(frozen=True)
class TimeSlice:
    """What a stretch of a load profile showed."""

    begins_s: float
    ends_s: float
    load: float
    share: Estimate
    """The requests intended in it that met the SLO."""
    wait_ms: Estimate
    """The median wait for the first word, retries inside, of the requests due in it."""
    verdict: Verdict


def cut(segments: Sequence[Segment], length_s: float) -> list[Span]:
    """The stretches of a profile as far as a window of this length reaches; without segments, ten equal ones."""
    if not segments:
        return [Span(length_s * n / SLICES, length_s * (n + 1) / SLICES, None) for n in range(SLICES)]
    spans = [Span(span.begins_s, min(span.ends_s, length_s), span.load) for span in _divide(segments)]
    return [span for span in spans if span.begins_s < span.ends_s]


def _divide(segments: Sequence[Segment]) -> Iterator[Span]:
    """Each segment in as many equal slices as come nearest to a tenth of the profile."""
    whole_s, begins_s = sum(segment.seconds for segment in segments), 0.0
    for segment in segments:
        count = max(1, round(SLICES * segment.seconds / whole_s))
        for n in range(count):
            load = segment.start + (segment.end - segment.start) * (n + 0.5) / count
            yield Span(begins_s + segment.seconds * n / count, begins_s + segment.seconds * (n + 1) / count, load)
        begins_s += segment.seconds


def follow_load_profile(data: WindowData, segments: Sequence[Segment]) -> list[TimeSlice]:
    """The slices of one load profile, its repeats pooled; slices in which no request was due are left out."""
    spans = cut(segments, min(closes - opens for opens, closes in data.windows) / 1e9)
    slices = (_measure_slice(data, span, 1 - ALL_TOGETHER / len(spans)) for span in spans)
    return [time_slice for time_slice in slices if time_slice.share.n]


def _measure_slice(data: WindowData, span: Span, confidence: float) -> TimeSlice:
    windows = [(opens + round(1e9 * span.begins_s), opens + round(1e9 * span.ends_s)) for opens, _ in data.windows]
    chosen = [_is_within(data, window) for window in windows]
    inside = np.logical_or.reduce(chosen)
    counted = inside & ~data.judged.excused
    met = data.judged.met
    n_eff = sum(
        effective_size(data.requests.intended_ns[who], met[who].astype(np.float64), window, data.request_ns).n_eff
        for who, window in zip(chosen, windows, strict=True)
    )
    undecided = int((data.judged.undecided & inside).sum())
    share = proportion_interval(int((met & inside).sum()), int(counted.sum()), n_eff, confidence, undecided)
    return TimeSlice(
        begins_s=span.begins_s,
        ends_s=span.ends_s,
        load=_find_load(data, windows, inside) if span.load is None else span.load,
        share=share,
        wait_ms=_find_wait(data, inside),
        verdict=_judge(share, data.slo.share),
    )


def _is_within(data: WindowData, window: Window) -> Bools:
    intended = data.requests.intended_ns
    return np.asarray(data.measured & (intended >= window[0]) & (intended < window[1]), dtype=np.bool_)


def _find_load(data: WindowData, windows: Sequence[Window], inside: Bools) -> float:
    """What came in these windows: arrivals a second, or the mean number of users at work."""
    if not data.by_rate:
        return count_at_work(data, windows=windows)
    first_turn = data.attempts.turn[data.requests.first] == 0
    seconds = sum(closes - opens for opens, closes in windows) / 1e9
    return int((inside & first_turn).sum()) / seconds


def _find_wait(data: WindowData, inside: Bools) -> Estimate:
    waits: Floats = read_waits(data)[inside]
    return quantile_interval(waits[~np.isnan(waits)], 0.5)


def _judge(share: Estimate, asked: float) -> Verdict:
    if share.lo is None or share.hi is None:
        return "UNKNOWN"
    return "PASS" if share.lo >= asked else "FAIL" if share.hi < asked else "UNKNOWN"


def find_break(slices: Sequence[TimeSlice]) -> TimeSlice | None:
    """The first slice that is shown to miss the SLO."""
    return next((time_slice for time_slice in slices if time_slice.verdict == "FAIL"), None)
