"""What load there was: requests and attempts, users busy, and of an open loop arrivals, answers and lateness.

Rule: a closed loop has no schedule, so it has none of the metrics of arrivals.
"""

import math

import numpy as np

from firsttoken.decide.measure.delivered import count_at_work, count_due, lateness_ms
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.metrics.metric import Metric, OfQuantiles, OfRelated, OfWindow, Term
from firsttoken.decide.metrics.value import Find, MetricValue
from firsttoken.stats.estimate import Estimate, exact
from firsttoken.stats.quantile import quantile_interval

KEEPS_UP, CHANCE = 0.95, 2.0
"""A service keeps up that answers this share of what came in; so many standard deviations are chance."""


def requests(data: WindowData) -> Estimate:
    """Measured requests."""
    return count(int(data.measured.sum()))


def attempts(data: WindowData) -> Estimate:
    """Attempts of measured requests."""
    return count(int(data.attempts.measured.sum()))


def count(number: int, per: float = 1.0) -> Estimate:
    """A count as an estimate, or so many of it."""
    return exact(number * per, number)


def request_rate(data: WindowData) -> Estimate:
    """Measured requests a second."""
    asked = int(data.measured.sum())
    return exact(asked / data.seconds, asked)


def users_busy(data: WindowData) -> Estimate:
    """The mean number of users inside a request over the measure windows, attempts and back-off together."""
    return exact(count_at_work(data), len(data.requests))


def arrival_rate(data: WindowData) -> Estimate | None:
    """Arrivals that the schedule had in the measure windows, a second."""
    return count(count_due(data), 1 / data.seconds) if data.by_rate else None


def answer_rate(data: WindowData) -> Estimate | None:
    """Requests of any phase whose answer was whole within the measure windows, a second."""
    if not data.by_rate:
        return None
    ended = data.requests.end_ns[data.requests.succeeded]
    whole = sum(int(np.count_nonzero((ended >= opens) & (ended < closes))) for opens, closes in data.windows)
    return count(whole, 1 / data.seconds)


def dropped(data: WindowData) -> Estimate | None:
    """Arrivals of the measure windows that were not sent."""
    return count(sum(stage.dropped_measured for stage in data.stages)) if data.by_rate else None


def lateness(data: WindowData, q: float) -> Estimate | None:
    """The q-quantile of how late measured arrivals began."""
    return quantile_interval(lateness_ms(data), q) if data.by_rate else None


def longest_lateness(data: WindowData) -> Estimate | None:
    """How late the latest of them began."""
    if not data.by_rate:
        return None
    late = lateness_ms(data)
    return exact(float(late.max()) if len(late) else None, len(late))


def answered_ratio(answered: MetricValue, find: Find, turns: int) -> Estimate | None:
    """Requests that were answered, of those that came in; by chance it may differ by what lies over the window's edges.

    Its interval is two standard deviations of the difference between the requests open at the end of the window and at
    its beginning, each about Poisson with the mean number open.
    """
    arrived, busy = (find(metric, answered.level, None) for metric in ("arrivals_rps", "users_busy"))
    due = arrived.n * turns if arrived else 0
    if not due or busy is None or busy.value is None:
        return None
    value, chance = answered.n / due, CHANCE * math.sqrt(2 * busy.value) / due
    return Estimate(value, max(0.0, value - chance), value + chance, due, float(due))


def keeps_up(ratio: MetricValue) -> bool:
    """Whether a service of this answered ratio keeps up with what comes in."""
    return ratio.hi is not None and ratio.hi >= KEEPS_UP


TERMS = (
    Term(
        name="Requests, attempts",
        unit="count, 1/s",
        formula="requests intended in the window, their attempts, and requests a second",
        over="measured requests",
        metrics={
            "requests": Metric(
                unit="count",
                label="Requests",
                of=OfWindow(requests, without_window=True),
                is_spread=False,
                over_levels="sum",
            ),
            "attempts": Metric(
                unit="count",
                label="Attempts",
                of=OfWindow(attempts, without_window=True),
                is_spread=False,
                over_levels="sum",
            ),
            "request_rps": Metric(unit="1/s", label="Requests/s", of=OfWindow(request_rate)),
        },
    ),
    Term(
        name="Users busy",
        unit="users",
        formula="mean number of users inside a request, attempts and back-off together",
        over="the measure window",
        metrics={"users_busy": Metric(unit="users", label="Users busy", of=OfWindow(users_busy))},
    ),
    Term(
        name="Arrivals",
        meaning="requests of an open loop",
        unit="1/s, count",
        formula=(
            "arrivals that the schedule had in the window / its length, answered or not; answered: requests of any "
            "phase whose answer was whole within it / its length; dropped: not sent, as max_in_flight requests were "
            "open; ratio: answered / due, ± 2 √(2 × requests open) for the window's edges: a "
            "service keeps up where its upper end reaches 0.95"
        ),
        over="the measure window",
        metrics={
            "arrivals_rps": Metric(unit="1/s", label="Arrivals/s", of=OfWindow(arrival_rate)),
            "answered_rps": Metric(unit="1/s", label="Answered/s", of=OfWindow(answer_rate)),
            "answered_ratio": Metric(unit="ratio", label="Answered", of=OfRelated("answered_rps", answered_ratio)),
            "dropped": Metric(unit="count", label="Dropped", of=OfWindow(dropped), is_spread=False),
        },
    ),
    Term(
        name="Lateness",
        meaning="how late requests started",
        unit="ms",
        formula=(
            "start − intended: from the scheduled time to the first use of the network, the start of the connection "
            "or, where one was open, sent"
        ),
        over="measured arrivals",
        metrics={
            "lateness_ms": Metric(unit="ms", label="Lateness", of=OfQuantiles(lateness)),
            "lateness_max_ms": Metric(
                unit="ms", label="Longest lateness", of=OfWindow(longest_lateness), is_spread=False
            ),
        },
    ),
)
