"""A metric value: one number of a run with its unit, its sample size and its interval, as `summary.json` keeps it.

Rule: a result is finite, or infinite because a request never got its answer, or None because it is unknown. An
interval with one end only is not shown as an interval.
"""

from collections.abc import Callable

import msgspec


class MetricKey(msgspec.Struct, frozen=True, kw_only=True):
    """Which value of a run: what it is over, the metric, and the quantile. None: over all, or no quantile."""

    target: str
    level: float | None = None
    repeat: int | None = None
    name: str | None = None
    """A kind of request, as the behaviour calls it."""
    turn: int | None = None
    """The place of a request in its session, from 0."""
    input_tokens: int | None = None
    """A length of the prompt."""
    metric: str
    q: float | None = None


class MetricValue(MetricKey, frozen=True, kw_only=True):
    """One number, with its key."""

    value: float | None
    unit: str
    n: int
    """How many requests, attempts or seconds the value rests on."""
    lo: float | None
    hi: float | None
    """The ends of the 95 % interval; of dollars and wasted tokens flagged ESTIMATE the ends of what is possible."""
    flags: tuple[str, ...] = ()

    @property
    def key(self) -> MetricKey:
        """Which value of its run it is."""
        return MetricKey(**{field: getattr(self, field) for field in MetricKey.__struct_fields__})


Find = Callable[[str, float | None, float | None], MetricValue | None]
"""(metric, level, q) -> the value over all repeats of one target."""
