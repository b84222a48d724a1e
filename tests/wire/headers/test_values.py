"""Texts, counts, durations and instants out of headers."""

import pytest

from firsttoken.wire.headers.values import parse_duration_ms, parse_reset_ms

NOON_S = 1_784_116_800.0
"""Wed, 15 Jul 2026 12:00:00 GMT."""


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        (b"6s", 6_000),
        (b"500ms", 500),
        (b"1m30s", 90_000),
        (b"6m0s", 360_000),
        (b"1h2m", 3_720_000),
        (b"1d", 86_400_000),
        (b"2m59.56s", 179_560),
        (b"250us", 0.25),
        (b"0s", 0),
        (b" 12 ", 12_000),
        (b"0.5", 500),
        (b"", None),
        (b"soon", None),
        (b"1s of", None),
        (b"-5", None),
        (b"nan", None),
        (b"inf", None),
        (b"2026-07-15T12:00:00Z", None),
    ],
)
def test_the_time_until_a_limit_resets_in_all_its_spellings(text, ms):
    assert parse_duration_ms(text) == (None if ms is None else pytest.approx(ms))


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        (b"1m30s", 90_000),
        (b"12", 12_000),
        (b"2026-07-15T12:00:07Z", 7_000),
        (b"2026-07-15T12:00:00.250+00:00", 250),
        (b"2026-07-15T11:59:00Z", 0),
        (b"1784116807", 7_000),
        (b"1784116800500", 500),
        (b"2026-07-15T12:00:07+02:00", None),
        (b"0000-00-00T00:00:00Z", None),
        (b"2026-13-01T00:00:00Z", None),
        (b"2026-07-15", None),
    ],
)
def test_a_reset_may_be_told_as_a_span_or_as_an_instant(text, ms):
    assert parse_reset_ms(text, lambda: NOON_S) == (None if ms is None else pytest.approx(ms))
