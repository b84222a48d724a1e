"""Quota, waiting and identity out of the head of an answer."""

import pytest

from firsttoken.row import Row
from firsttoken.wire.headers import (
    fill_row,
    parse_duration_ms,
    parse_reset_ms,
    read_retry_after_ms,
    read_should_retry,
)

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
    assert parse_reset_ms(text, NOON_S) == (None if ms is None else pytest.approx(ms))


def test_an_instant_of_a_reset_is_held_against_the_servers_own_clock():
    row = Row()

    fill_row(
        row,
        {b"x-ratelimit-reset-tokens": b"2026-07-15T12:00:07Z", b"date": b"Wed, 15 Jul 2026 12:00:02 GMT"},
        NOON_S,
    )

    assert row.ratelimit_reset_tokens_ms == 5_000


@pytest.mark.parametrize(
    ("headers", "ms"),
    [
        ({b"retry-after": b"20"}, 20_000),
        ({b"retry-after": b"0.25"}, 250),
        ({b"retry-after": b"20", b"retry-after-ms": b"1500"}, 1_500),
        ({b"retry-after": b"Wed, 15 Jul 2026 12:00:07 GMT", b"date": b"Wed, 15 Jul 2026 12:00:02 GMT"}, 5_000),
        ({b"retry-after": b"Wed, 15 Jul 2026 12:00:07 GMT"}, 7_000),
        ({b"retry-after": b"Wed, 15 Jul 2026 11:59:00 GMT"}, 0),
        ({b"retry-after": b"later"}, None),
        ({b"retry-after": b"-3"}, None),
        ({}, None),
    ],
)
def test_how_long_a_server_asks_us_to_wait(headers, ms):
    assert read_retry_after_ms(headers, NOON_S) == ms


@pytest.mark.parametrize(("value", "word"), [(b"true", True), (b"False", False), (b"maybe", None), (b"", None)])
def test_the_servers_word_on_another_attempt(value, word):
    assert read_should_retry({b"x-should-retry": value}) is word


def test_the_row_takes_all_that_the_head_says():
    row = Row()
    headers = {
        b"x-request-id": b"req_1",
        b"openai-processing-ms": b"213",
        b"x-ratelimit-limit-requests": b"500",
        b"x-ratelimit-limit-tokens": b"30000",
        b"x-ratelimit-remaining-requests": b"499",
        b"x-ratelimit-remaining-tokens": b"29000",
        b"x-ratelimit-reset-requests": b"120ms",
        b"x-ratelimit-reset-tokens": b"1m2s",
        b"retry-after": b"3",
    }

    fill_row(row, headers, NOON_S)

    assert row == Row(
        server_request_id="req_1",
        server_processing_ms=213.0,
        ratelimit_limit_requests=500,
        ratelimit_limit_tokens=30_000,
        ratelimit_remaining_requests=499,
        ratelimit_remaining_tokens=29_000,
        ratelimit_reset_requests_ms=120.0,
        ratelimit_reset_tokens_ms=62_000.0,
        retry_after_ms=3_000.0,
    )


def test_what_is_malformed_is_unknown_and_what_is_long_is_cut():
    row = Row()
    headers = {
        b"x-request-id": b"r" * 999,
        b"openai-processing-ms": b"fast",
        b"x-ratelimit-limit-requests": b"500, 500;w=60",
        b"x-ratelimit-limit-tokens": b"9" * 5000,
        b"x-ratelimit-remaining-tokens": b"-1",
    }

    fill_row(row, headers, NOON_S)

    assert row == Row(server_request_id="r" * 200)
