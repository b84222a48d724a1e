"""What a metric is: its unit, its words, its formula, and the function that computes it.

Rule: an entry is all that there is to a metric. What a value is printed as, how repeats and levels of it come together
and what the glossary says of it are read from the entry, so that a metric is an entry and its function in one file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from firsttoken.decide.measure.demand import Bill, Need
from firsttoken.decide.measure.recovery import Recovery
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.metrics.value import Find, MetricValue
from firsttoken.row import Health
from firsttoken.stats.estimate import Estimate

QUANTILES = (0.5, 0.95, 0.99)


class OfWindow(NamedTuple):
    """One value of a window's data; None where such data have none, as those of a closed loop have no lateness."""

    compute: Callable[[WindowData], Estimate | None]
    without_window: bool = False
    """Whether a stage that ended before its measure window has one too."""


class OfQuantiles(NamedTuple):
    """A value of a window's data for each of these quantiles."""

    compute: Callable[[WindowData, float], Estimate | None]
    quantiles: tuple[float, ...] = QUANTILES


class OfLowestLoad(NamedTuple):
    """How many times its value at the lowest load another metric has at each level."""

    metric: str
    q: float | None = None


class OfRelated(NamedTuple):
    """What another metric comes to beside further metrics, at each level and quantile, over all repeats."""

    metric: str
    compute: Callable[[MetricValue, Find, int], Estimate | None]
    """Of (its value, the others of the target, the requests that one arrival makes)."""


class OfWatch(NamedTuple):
    """One value of the lines of health.jsonl that fall into the windows of some data."""

    compute: Callable[[WindowData, Sequence[Health]], Estimate]


class OfPair(NamedTuple):
    """What another metric comes to through the openai package beside the same on the wire, at these quantiles."""

    metric: str
    compute: Callable[[Estimate, Estimate], Estimate]
    """Of (on the wire, through the package)."""
    quantiles: tuple[float, ...] = QUANTILES


class OfPublished(NamedTuple):
    """What the median of another metric comes to beside the figure that a source publishes of it."""

    metric: str
    compute: Callable[[MetricValue, float], Estimate]


class OfRecovery(NamedTuple):
    """A value of what came after a spike; over repeats the largest."""

    compute: Callable[[Recovery], Estimate]


class OfConfirmation(NamedTuple):
    """A value of what an open loop at so many arrivals a second showed: (that rate, the share that met the SLO)."""

    compute: Callable[[float, MetricValue], MetricValue]


class OfTarget(NamedTuple):
    """A value of all that one target showed; None where the scenario does not ask for it."""

    compute: Callable[[TargetFacts], Estimate | None]


@dataclass(frozen=True)
class TargetFacts:
    """What the levels of one target came to, and what a scenario asks of them."""

    need: Need | None = None
    """What its peak needs; None without a stated peak."""
    bill: Bill | None = None
    """Of a day; None where it is unknown."""
    days: int | None = None
    """Days of the longer bill; None where no demand is stated."""


Source = (
    OfWindow | OfQuantiles | OfLowestLoad | OfRelated | OfWatch | OfPair | OfPublished | OfRecovery | OfConfirmation
    | OfTarget
)  # fmt: skip
"""What a metric is computed of."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric, of which a run may have a value at each level, repeat and quantile."""

    unit: str
    label: str
    """A few words for the head of a column and the end of a curve."""
    of: Source
    ends: Literal["interval", "possible"] = "interval"
    """What `lo` and `hi` are: a 95 % interval, or what is possible of what is only known between two ends."""
    is_spread: bool = True
    """Whether the spread between repeats says how far the value may be off; that of counts and extremes does not."""
    over_levels: Literal["sum", "mean"] | None = None
    """How the values of all levels come together, where they do; a mean is weighted by what each level rests on."""
    unfinished: Literal["at least", "at most"] = "at least"
    """What requests that did not end make of the value."""
    instrument_error: Literal["first token", "gap"] | None = None
    """The instrument's own error that is in it: of a first token, or the same spread over the gaps of an answer."""


class Peers(NamedTuple):
    """What four other tools have under this or another name; empty where they have nothing."""

    vllm: str = ""
    aiperf: str = ""
    guidellm: str = ""
    mlperf_endpoints: str = ""


@dataclass(frozen=True, kw_only=True)
class Term:
    """One definition of the glossary, with the metrics that it covers."""

    name: str
    meaning: str = ""
    unit: str
    """As a reader meets it: "ms, s"."""
    formula: str
    """What is divided by what; marks (sent, first_token, ...) are those of the row."""
    over: str
    """What it is taken over: the window, and which attempts or requests."""
    metrics: Mapping[str, Metric]
    """Name in summary.json -> the metric."""
    peers: Peers | None = None
    """As read in their source (vLLM `bench serve`, AIPerf, GuideLLM, MLPerf endpoints; 2025 and 2026); "same" only
    where it is."""
