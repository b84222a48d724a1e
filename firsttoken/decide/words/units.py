"""Numbers for people: the one place that turns a value and its unit into text.

Rule: three significant digits, seconds from 1,000 ms on, unknown is said and never printed as 0. It imports nothing of
ours: every command begins with it.
"""

import math
from collections.abc import Callable

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
