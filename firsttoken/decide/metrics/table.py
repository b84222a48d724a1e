"""Every metric: one table, from which summary.json, verify, tables, charts and the glossary know of them.

Rule: a metric is an entry and its function in one of the files that are gathered here. Each value is a function of the
data of one window, or of what such values came to.
"""

from collections.abc import Sequence

from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.metrics import client, dollars, goodput, offered_load, peak, retries, speed
from firsttoken.decide.metrics.metric import Metric, OfQuantiles, OfWatch, OfWindow, Term
from firsttoken.decide.metrics.value import MetricKey
from firsttoken.row import Health
from firsttoken.stats.estimate import Estimate

TERMS: tuple[Term, ...] = (
    *speed.TERMS,
    *goodput.TERMS,
    *offered_load.TERMS,
    *retries.TERMS,
    *dollars.TERMS,
    *peak.TERMS,
    *client.TERMS,
)
"""The definitions, in the order in which a reader meets them."""

METRICS: dict[str, Metric] = {name: metric for term in TERMS for name, metric in term.metrics.items()}
"""Name in summary.json -> the metric."""


def measure(data: WindowData, health: Sequence[Health] = ()) -> dict[MetricKey, Estimate]:
    """Every value that the data of a window have; of a stage without a measure window counts and dollars only.

    health: the lines of the run, of which those of the window describe the client.
    """
    return {
        key_of(data, name, q): estimate
        for name, metric in METRICS.items()
        for q, estimate in _compute(metric, data, health).items()
        if estimate is not None
    }


def key_of(data: WindowData, metric: str, q: float | None = None) -> MetricKey:
    """The key of a metric of that data."""
    return MetricKey(target=data.target, level=data.level, repeat=data.repeat, metric=metric, q=q)


def _compute(metric: Metric, data: WindowData, health: Sequence[Health]) -> dict[float | None, Estimate | None]:
    of = metric.of
    if isinstance(of, OfWindow) and (data.windows or of.without_window):
        return {None: of.compute(data)}
    if isinstance(of, OfQuantiles) and data.windows:
        return {q: of.compute(data, q) for q in of.quantiles}
    if isinstance(of, OfWatch) and data.windows:
        return {None: of.compute(data, health)}
    return {}
