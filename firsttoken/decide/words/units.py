"""Numbers for people: the one place that turns a value and its unit into text.

Rule: three significant digits, seconds from 1,000 ms on, unknown is said and never printed as 0, and a quantile
without an interval is not printed at all.
"""

import math
from collections.abc import Callable

from firsttoken.decide.metrics.table import METRICS
from firsttoken.decide.metrics.value import MetricValue

UNKNOWN = "unknown"
NEVER = "never"


def write_value(value: float | None, unit: str) -> str:
    """A value as text: `write_value(1104, "ms")` is "1.10 s"; None is "unknown", infinite is "never"."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return NEVER
    return WRITERS[unit](value)


def write_span(lo: float, hi: float, unit: str) -> str:
    """Both ends of an interval as text, the unit once if both ends share it: "1.05 to 1.18 s"."""
    low, high = write_value(lo, unit), write_value(hi, unit)
    suffix = low.partition(" ")[2]
    if suffix and high.partition(" ")[2] == suffix:
        low = low.removesuffix(f" {suffix}")
    return f"{low} to {high}"


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


def round_significant(value: float, digits: int = 3) -> str:
    """A number with thousands separated and about three significant digits; whole from 100 on."""
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    magnitude = math.floor(math.log10(abs(round(value, digits - 1 - magnitude))))
    return f"{value:,.{max(0, digits - 1 - magnitude)}f}"


def write_duration(ms: float) -> str:
    if round(ms) < 1000:
        return f"{round_significant(ms)} ms"
    return f"{round_significant(ms / 1000)} s"


def write_share(share: float) -> str:
    """Per cent with at most one decimal; only a true 0 or 1 is printed as 0 % or 100 %."""
    percent = round(100 * share, 1)
    if 0 < share < 1:
        percent = min(99.9, max(0.1, percent))
    return f"{percent:,.1f}".removesuffix(".0") + " %"


def write_dollars(dollars: float) -> str:
    if round(abs(dollars), 2) >= 100 or dollars == 0:
        return f"${dollars:,.0f}"
    return f"${dollars:,.2f}" if abs(dollars) >= 1 else f"${round_significant(dollars)}"


def write_number(level: float) -> str:
    """A level of load in its shortest form: "64", "2.5", "0.333"."""
    return f"{level:,.0f}" if float(level).is_integer() else f"{float(f'{level:.3g}'):,g}"


def write_count(count: float) -> str:
    return f"{count:,.0f}" if float(count).is_integer() else round_significant(count)


WRITERS: dict[str, Callable[[float], str]] = {
    "ms": write_duration,
    "tok/s": lambda value: f"{round_significant(value)} tok/s",
    "share": write_share,
    "ratio": lambda value: f"{value:,.2f}×",
    "1/s": lambda value: f"{round_significant(value)} /s",
    "users": lambda value: f"{write_count(value)} user{'' if value == 1 else 's'}",
    "requests/s": lambda value: f"{write_number(value)} request{'' if value == 1 else 's'}/s",
    "sessions/s": lambda value: f"{write_number(value)} session{'' if value == 1 else 's'}/s",
    "count": write_count,
    "per 1,000": lambda value: f"{write_count(value)} per 1,000",
    "tokens": lambda value: f"{write_count(value)} tokens",
    "USD": write_dollars,
    "number": round_significant,
}
"""Unit -> how a finite value of it is written."""
