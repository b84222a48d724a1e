"""Results for people: a metric's value, how it is known and its interval, as text.

Rule: a quantile without an interval is not printed, what is only known from one side says so, and an estimate too.
"""

from firsttoken.decide.metrics.table import METRICS
from firsttoken.decide.metrics.value import MetricValue
from firsttoken.decide.words.units import UNKNOWN, write_span, write_value


def write_metric(result: MetricValue | None) -> str:
    """A result as text: "1.10 s (1.05 to 1.18 s)", "≥ 12.0 s", "≈ 310 tok/s", "n/a (n = 37)" or "unknown"."""
    if result is not None and result.value is not None and _is_too_small(result):
        return f"n/a (n = {result.n})"
    interval = write_interval(result)
    return f"{write_point(result)} ({interval})" if interval else write_point(result)


def write_point(result: MetricValue | None) -> str:
    """A result's value alone: "1.10 s", "≥ 12.0 s", "≈ 310 tok/s", "n/a" or "unknown"."""
    if result is None or result.value is None:
        return UNKNOWN
    if _is_too_small(result):
        return "n/a"
    value = write_value(result.value, result.unit)
    if "CENSORED" not in result.flags:
        return f"≈ {value}" if "ESTIMATE" in result.flags else value
    return f"{'≤' if METRICS[result.metric].unfinished == 'at most' else '≥'} {value}"


def write_interval(result: MetricValue | None) -> str:
    """A result's interval alone: "1.05 to 1.18 s"; empty where there is none, or none that the digits show."""
    if result is None or result.lo is None or result.hi is None or result.value is None:
        return ""
    if {write_value(end, result.unit) for end in (result.lo, result.hi)} == {write_value(result.value, result.unit)}:
        return ""
    return write_span(result.lo, result.hi, result.unit)


def _is_too_small(result: MetricValue) -> bool:
    return result.q is not None and "UNDERSAMPLED" in result.flags
