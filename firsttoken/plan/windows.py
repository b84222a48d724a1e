"""How long the phases of a level last: ramp, settle, measure and hold, each between its floor and its cap.

Rule: what "auto" means stands here once, for the clock that ends a phase as for the dry run that predicts it.
"""

import math
from typing import NamedTuple

from firsttoken.decoding.duration import parse_duration
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.load import Load
from firsttoken.scenario.trace import measure_trace, read_arrivals

RAMP_S_EACH, MOST_RAMP_S = 0.02, 10.0
"""An automatic ramp lets one user in after the other, so that a thousand do not come at once."""
SETTLE_S = (3.0, 60.0)
MEASURE_S = (15.0, 300.0)
SEARCH_MEASURE_S = (5.0, 300.0)
"""A level of a search ends once it is decided."""
SHAPE_SETTLE_S = 10.0
"""When a course begins has to be known before it does."""


class Bounds(NamedTuple):
    """How long something lasts at least and at most, in seconds."""

    least: float
    most: float
    """Infinite where only requests are counted."""


class Windows(NamedTuple):
    """The phases of one level."""

    ramp_s: float
    settle: Bounds
    measure: Bounds
    hold_s: float
    """At most; what is measured may have ended at once."""

    @property
    def total(self) -> Bounds:
        """The whole level."""
        return Bounds(
            self.ramp_s + self.settle.least + self.measure.least,
            self.ramp_s + self.settle.most + self.measure.most + self.hold_s,
        )


def find_windows(scenario: Scenario, level: float) -> Windows | None:
    """The phases of a level; None where only a class of the locustfile knows."""
    load, hold_s = scenario.load, parse_duration(scenario.load.hold)
    if scenario.traffic.trace:
        length_s = measure_trace(scenario.traffic, read_arrivals(scenario.traffic))
        return Windows(0.0, Bounds(0.0, 0.0), _exactly(length_s), hold_s)
    settle = Bounds(*SETTLE_S) if load.settle == "auto" else _exactly(parse_duration(load.settle))
    if not load.shape:
        return Windows(measure_ramp(load, level), settle, _find_measure(load), hold_s)
    if load.profile is None:
        return None
    settle = _exactly(SHAPE_SETTLE_S) if load.settle == "auto" else settle
    return Windows(measure_ramp(load, load.profile.segments[0].start), settle, _exactly(load.profile.seconds), hold_s)


def measure_ramp(load: Load, level: float) -> float:
    """Seconds that the load takes to rise to a level from nothing."""
    return min(RAMP_S_EACH * round(level), MOST_RAMP_S) if load.ramp == "auto" else parse_duration(load.ramp)


def _find_measure(load: Load) -> Bounds:
    if load.until is not None:
        return Bounds(parse_duration(load.until.least), parse_duration(load.until.most))
    written_s = None if load.measure == "auto" else parse_duration(load.measure)
    if load.search is not None:
        least_s, most_s = SEARCH_MEASURE_S
        most_s = most_s if written_s is None else written_s
        return Bounds(0.0 if load.requests else min(least_s, most_s), most_s)
    if load.requests:
        return Bounds(0.0, math.inf if written_s is None else written_s)
    return Bounds(*MEASURE_S) if written_s is None else _exactly(written_s)


def _exactly(seconds: float) -> Bounds:
    return Bounds(seconds, seconds)
