"""Window data: what one target at one level showed, in one repeat or in several pooled.

Rule: everything that a result is made of lies here, and every result is a function of one WindowData; so a result
over repeats comes from the rows of all of them, and can be checked by hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from firsttoken.catalogue import Source
from firsttoken.decide.measure.answerers import NO_ANSWERERS, NOTHING, Answerers, Counts, join_answerers, join_counts
from firsttoken.decide.measure.attempts import (
    Attempts,
    Bools,
    Floats,
    Requests,
    group_requests,
    join_attempts,
    join_requests,
)
from firsttoken.decide.measure.cost import Billed, Dollars, count_billed, price_tokens
from firsttoken.decide.measure.latency import Latency, measure_latencies
from firsttoken.decide.measure.slo import Judged, SloLimits, judge_requests
from firsttoken.decide.measure.streams import ReadGaps, Streams, join_streams, read_streams
from firsttoken.results.stage import Stage
from firsttoken.stats.effective import effective_size
from firsttoken.stats.estimate import Estimate
from firsttoken.stats.proportion import proportion_interval
from firsttoken.stats.quantile import quantile

Window = tuple[int, int]
"""(from_ns, to_ns) of a measure window on the run's clock."""


class Reported(NamedTuple):
    """What rows report beside their numbers."""

    answerers: Answerers = NO_ANSWERERS
    unknown_finishes: Counts = NOTHING
    """Unknown finish reasons of measured answers."""
    set_aside: Counts = NOTHING
    """What is impossible, in words -> measured attempts that are in no result for it."""
    unread_limits: Counts = NOTHING
    """Checks, side by side, that name headers which look like limits and could not be read -> attempts."""


NOT_REPORTED = Reported()


@dataclass(frozen=True, eq=False, kw_only=True)
class WindowData:
    """Attempts and requests of a target at a level, each request already judged by the SLO."""

    stages: tuple[Stage, ...]
    """Its stages, one per repeat."""
    windows: tuple[Window, ...]
    """Its measure windows, one per repeat; none where the stage was interrupted before."""
    missing: int
    """Attempts that were counted as started and have no row."""
    reported: Reported
    attempts: Attempts
    requests: Requests
    streams: Streams
    slo: SloLimits
    source: Source | None

    @property
    def target(self) -> str:
        return self.stages[0].target

    @property
    def level(self) -> float:
        return self.stages[0].level

    @property
    def users(self) -> int:
        return self.stages[0].users

    @property
    def repeat(self) -> int | None:
        """None where several are pooled."""
        return self.stages[0].repeat if len(self.stages) == 1 else None

    @property
    def settled_s(self) -> float | None:
        """How long its users settled before the window opened, the shortest of its repeats; None where none opened."""
        return min((stage.settled_s for stage in self.stages if stage.settled_s is not None), default=None)

    @cached_property
    def latencies(self) -> Mapping[str, Latency]:
        return measure_latencies(self.attempts, self.requests)

    @cached_property
    def judged(self) -> Judged:
        return judge_requests(self.requests, self.latencies, self.slo)

    @cached_property
    def billed(self) -> Billed:
        return count_billed(self.attempts)

    @property
    def by_rate(self) -> bool:
        """Whether requests came by a schedule, whatever became of those before them."""
        return self.stages[0].by == "rate"

    @property
    def measured(self) -> Bools:
        return self.requests.measured

    @property
    def answerers(self) -> Answerers:
        return self.reported.answerers

    @property
    def counted(self) -> Bools:
        """Measured requests that the SLO counts: all but those that their own user stopped in time."""
        return self.measured & ~self.judged.excused

    @property
    def seconds(self) -> float:
        """The length of all its measure windows."""
        return sum(end - begin for begin, end in self.windows) / 1e9

    @cached_property
    def request_ns(self) -> float:
        """How long its requests last, by the p95 of their end-to-end time; 0 where none ended."""
        lived_ms = self.latencies["e2e_ms"].value[self.measured]
        ended = lived_ms[~np.isnan(lived_ms)]
        return 1e6 * quantile(ended, 0.95) if len(ended) else 0.0

    @cached_property
    def priced(self) -> tuple[Dollars, Dollars] | None:
        """The least and the most that each attempt costs; None where a price is unknown."""
        least, most = price_tokens(self.billed.least, self.source), price_tokens(self.billed.most, self.source)
        return None if least is None or most is None else (least, most)

    def share_of(self, hits: Bools, begun: Floats) -> Estimate:
        """The share of hits among requests or attempts that began at those times (ns), on their effective size."""
        n_eff = self.effective_at(begun, hits.astype(np.float64))
        return proportion_interval(int(hits.sum()), len(hits), n_eff)

    def effective(self, chosen: Bools, values: Floats, q: float | None = None) -> float:
        """The effective size of values of the chosen requests, added up over the windows they were intended in."""
        return self.effective_at(self.requests.intended_ns[chosen], values, q)

    def effective_at(self, begun: Floats, values: Floats, q: float | None = None) -> float:
        """The effective size of values taken at those times (ns), added up over the windows that they lie in."""
        place = np.searchsorted([opens for opens, _ in self.windows[1:]], begun, side="right")
        return sum(
            effective_size(begun[place == number], values[place == number], window, self.request_ns, q).n_eff
            for number, window in enumerate(self.windows)
        )


def read_window(
    stage: Stage,
    attempts: Attempts,
    read_gaps: ReadGaps,
    slo: SloLimits,
    source: Source | None,
    missing: int = 0,
    reported: Reported = NOT_REPORTED,
) -> WindowData:
    """The data of one stage's attempts, `missing` of which were started and have no row, and what they reported."""
    end_ns = float("nan") if stage.end_ns is None else float(stage.end_ns)
    windows = (stage.window,) if stage.window and stage.window[0] < stage.window[1] else ()
    return WindowData(
        stages=(stage,),
        windows=windows,
        missing=missing,
        reported=reported,
        attempts=attempts,
        requests=group_requests(attempts, end_ns),
        streams=read_streams(attempts, read_gaps, windows, slo.limits_ms.get("tpot_ms")),
        slo=slo,
        source=source,
    )


def pool(parts: Sequence[WindowData]) -> WindowData:
    """Several repeats of one level pooled; its repeat is None unless there is only one."""
    first = parts[0]
    if len(parts) == 1:
        return first
    attempts = [part.attempts for part in parts]
    return WindowData(
        stages=tuple(stage for part in parts for stage in part.stages),
        windows=tuple(window for part in parts for window in part.windows),
        missing=sum(part.missing for part in parts),
        reported=Reported(
            join_answerers([part.reported.answerers for part in parts]),
            join_counts([part.reported.unknown_finishes for part in parts]),
            join_counts([part.reported.set_aside for part in parts]),
            join_counts([part.reported.unread_limits for part in parts]),
        ),
        attempts=join_attempts(attempts),
        requests=join_requests([part.requests for part in parts], attempts),
        streams=join_streams([part.streams for part in parts]),
        slo=first.slo,
        source=first.source,
    )
