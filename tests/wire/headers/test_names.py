"""Quota, waiting and identity out of the head of an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.row import UNREAD_LIMIT, Row
from firsttoken.wire.headers.names import fill_row, read_should_retry

NOON_S = 1_784_116_800.0
"""Wed, 15 Jul 2026 12:00:00 GMT."""
WORDS = (
    "x ratelimit rate-limit limit remaining reset policy requests tokens minute 5 day output anthropic retry after ms"
)
NAMES = st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=5).map(lambda words: "-".join(words).encode())
"""Names of headers made of the words that such names have."""


def told(headers: dict[bytes, bytes], **before: object) -> Row:
    """The row of an answer with this head."""
    row = Row(**before)
    fill_row(row, headers, NOON_S)
    return row


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
        ({b"llm_provider-retry-after": b"60"}, 60_000),
        ({b"llm_provider-retry-after": b"60", b"retry-after": b"2"}, 2_000),
        ({b"x-ms-retry-after-ms": b"700", b"retry-after": b"1"}, 700),
        ({b"x-ratelimit-reset-after": b"1.5"}, 1_500),
        ({b"retry-after": b"later", b"x-ratelimit-reset-after": b"3"}, 3_000),
        ({}, None),
    ],
)
def test_how_long_a_server_asks_us_to_wait(headers, ms):
    assert told(headers, http_status=429).retry_after_ms == ms


def test_when_a_limit_resets_makes_nobody_wait_after_a_good_answer():
    assert told({b"x-ratelimit-reset-after": b"3"}, http_status=200).retry_after_ms is None


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
        b"x-ratelimit-limit-requests": b"five hundred",
        b"x-ratelimit-limit-tokens": b"9" * 5000,
        b"x-ratelimit-remaining-tokens": b"-1",
    }

    fill_row(row, headers, NOON_S)

    assert row == Row(
        server_request_id="r" * 200,
        checks=[f"{UNREAD_LIMIT}:x-ratelimit-limit-{kind}" for kind in ("requests", "tokens")],
    )


@pytest.mark.parametrize(
    ("headers", "request_id"),
    [
        ({b"cf-ray": b"ray", b"x-litellm-call-id": b"call"}, "call"),
        ({b"cf-ray": b"ray"}, "ray"),
        ({b"x-amzn-requestid": b"aws", b"cf-ray": b"ray"}, "aws"),
        ({b"apim-request-id": b"azure", b"x-request-id": b"own"}, "own"),
        ({b"request-id": b"req_1"}, "req_1"),
        ({b"llm_provider-x-request-id": b"theirs", b"x-litellm-call-id": b"call"}, "call"),
        ({b"llm_provider-x-request-id": b"theirs"}, "theirs"),
        ({b"x-request-id": b" ", b"cf-ray": b"ray"}, "ray"),
    ],
)
def test_an_answer_is_known_by_the_name_that_its_server_gives_it(headers, request_id):
    assert told(headers).server_request_id == request_id


def test_a_gateway_tells_which_of_its_deployments_has_answered():
    assert told(
        {b"x-litellm-model-id": b"ab12", b"x-litellm-model-api-base": b"http://10.0.0.2:8000/v1"}
    ).deployment == ("http://10.0.0.2:8000/v1 ab12")
    assert (
        told({b"x-ms-region": b"Sweden Central", b"x-ms-deployment-name": b"prod"}).deployment == "prod Sweden Central"
    )
    assert told({b"server": b"nginx"}).deployment is None


@pytest.mark.parametrize(
    ("headers", "ms"),
    [
        ({b"x-envoy-upstream-service-time": b"41"}, 41),
        ({b"x-process-time": b"0.25"}, 250),
        ({b"openai-processing-ms": b"fast", b"x-litellm-response-duration-ms": b"80.5"}, 80.5),
    ],
)
def test_how_long_the_server_worked_on_it_in_the_unit_of_its_header(headers, ms):
    assert told(headers).server_processing_ms == ms


@given(headers=st.dictionaries(NAMES, st.binary(max_size=60), max_size=8))
def test_whatever_a_head_holds_it_is_read_without_a_fault(headers):
    row = told(headers, http_status=429)

    assert all(each is None or each >= 0 for each in (row.ratelimit_remaining_tokens, row.retry_after_ms))
