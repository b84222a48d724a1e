"""What the head of an answer says about quota, waiting and identity, by one table.

Rule: pure; a header that is absent, malformed or out of range is None, never a guess.
"""

from __future__ import annotations

import math
import re
from calendar import timegm
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime

from firsttoken.row import Row

Headers = Mapping[bytes, bytes]
"""Header values by lower-case name."""

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


def parse_reset_ms(value: bytes, now_s: float) -> float | None:
    """Milliseconds until a limit resets, which is told as a span, or as an instant: ISO 8601 in UTC, or since 1970."""
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
    return max(0.0, until_s - now_s) * 1e3


def parse_date_s(value: bytes) -> float | None:
    """Seconds since 1970 of an HTTP date."""
    try:
        return parsedate_to_datetime(value.decode("latin-1")).timestamp()
    except (ValueError, OverflowError):
        return None


def read_retry_after_ms(headers: Headers, wall_s: float) -> float | None:
    """How long the server asks us to wait: `retry-after-ms`, else `retry-after` in seconds or as an HTTP date.

    A date is held against the answer's own Date, so that a clock apart from ours does no harm; `wall_s`, seconds
    since 1970, stands in where there is none. A date that has passed is 0.
    """
    if b"retry-after" not in headers and b"retry-after-ms" not in headers:  # nearly every answer
        return None
    exact = parse_number(headers.get(b"retry-after-ms", b""))
    if exact is not None:
        return exact
    value = headers.get(b"retry-after", b"")
    seconds = parse_number(value)
    if seconds is None and (until_s := parse_date_s(value)) is not None:
        seconds = max(0.0, until_s - read_now_s(headers, wall_s))
    return None if seconds is None else seconds * 1e3


def read_now_s(headers: Headers, wall_s: float) -> float:
    """Seconds since 1970 by the server's clock, or by ours where its answer bears no Date."""
    now_s = parse_date_s(headers.get(b"date", b""))
    return wall_s if now_s is None else now_s


def read_should_retry(headers: Headers) -> bool | None:
    """The server's own word on whether another attempt is worth it, None where it says nothing."""
    return {b"true": True, b"false": False}.get(headers.get(b"x-should-retry", b"").strip().lower())


FIELDS: dict[bytes, tuple[str, Callable[[bytes], str | float | None]]] = {
    b"x-request-id": ("server_request_id", parse_text),
    b"openai-processing-ms": ("server_processing_ms", parse_number),
    b"x-ratelimit-limit-requests": ("ratelimit_limit_requests", parse_count),
    b"x-ratelimit-limit-tokens": ("ratelimit_limit_tokens", parse_count),
    b"x-ratelimit-remaining-requests": ("ratelimit_remaining_requests", parse_count),
    b"x-ratelimit-remaining-tokens": ("ratelimit_remaining_tokens", parse_count),
}
"""Header -> the row's field, and how its value is read."""
RESETS = {
    b"x-ratelimit-reset-requests": "ratelimit_reset_requests_ms",
    b"x-ratelimit-reset-tokens": "ratelimit_reset_tokens_ms",
}


def fill_row(row: Row, headers: Headers, wall_s: float) -> None:
    """Write what the head says into the row."""
    for name, (field, parse) in FIELDS.items():
        if name in headers:
            setattr(row, field, parse(headers[name]))
    for name, field in RESETS.items():
        if name in headers:
            setattr(row, field, parse_reset_ms(headers[name], read_now_s(headers, wall_s)))
    row.retry_after_ms = read_retry_after_ms(headers, wall_s)
