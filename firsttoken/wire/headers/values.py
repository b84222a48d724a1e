"""The values of an answer's headers: texts, counts, durations and instants.

Rule: pure; what is malformed or out of range is None, never a guess.
"""

import math
import re
from calendar import timegm
from collections.abc import Callable
from email.utils import parsedate_to_datetime

UNIT_MS = {
    "d": 86_400_000.0,
    "h": 3_600_000.0,
    "m": 60_000.0,
    "s": 1_000.0,
    "ms": 1.0,
    "us": 1e-3,
    "µs": 1e-3,
    "ns": 1e-6,
}
SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|[dhms])")
SPANS = re.compile(rf"(?:{SPAN.pattern})+")
INSTANT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d(?:\.\d+)?)(?:Z|[+]00:00)", re.ASCII)
EPOCH_S = 1e9
"""A bare number from here on is no span but an instant: seconds since 1970, or a thousand times as many ms."""
MAX_TEXT = 200


def parse_text(value: bytes) -> str | None:
    """The text as it came, at most 200 characters of it."""
    return value.decode("latin-1").strip()[:MAX_TEXT] or None


def parse_count(value: bytes) -> int | None:
    """A plain whole number."""
    text = value.decode("latin-1").strip()
    return int(text) if re.fullmatch(r"\d{1,18}", text, re.ASCII) else None


def parse_number(value: bytes) -> float | None:
    """A finite number that is not negative."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def parse_duration_ms(value: bytes) -> float | None:
    """Milliseconds of `1m30s`, `6s`, `500ms`, `2m59.56s`; a bare number is seconds."""
    text = value.decode("latin-1").strip()
    if SPANS.fullmatch(text):
        return math.fsum(float(number) * UNIT_MS[unit] for number, unit in SPAN.findall(text))
    seconds = parse_number(value)
    return None if seconds is None else seconds * 1e3


def parse_reset_ms(value: bytes, read_now_s: Callable[[], float]) -> float | None:
    """Milliseconds until a limit resets, from a span or from an instant: ISO 8601 in UTC, or since 1970."""
    text = value.decode("latin-1").strip()
    if instant := INSTANT.fullmatch(text):
        *date, second = instant.groups()
        try:
            until_s = timegm((*map(int, date), 0)) + float(second)
        except ValueError:  # no such day
            return None
    elif (number := parse_number(value)) is not None and number >= EPOCH_S:
        until_s = number if number < EPOCH_S * 1e3 else number / 1e3
    else:
        return parse_duration_ms(value)
    return max(0.0, until_s - read_now_s()) * 1e3


def parse_date_s(value: bytes) -> float | None:
    """Seconds since 1970 of an HTTP date."""
    try:
        return parsedate_to_datetime(value.decode("latin-1")).timestamp()
    except (ValueError, OverflowError):
        return None
