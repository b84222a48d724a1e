"""Limits out of the head of an answer, whoever's names it uses."""

import pytest

from firsttoken.row import UNREAD_LIMIT, Row
from firsttoken.wire.headers.names import fill_row

NOON_S = 1_784_116_800.0
"""Wed, 15 Jul 2026 12:00:00 GMT."""


def told(**headers: str) -> dict[str, object]:
    """What the row of an answer with these headers (a name has _ for -) says of limits, without what is not told."""
    return read({name.replace("_", "-"): value for name, value in headers.items()})


def read(headers: dict[str, str]) -> dict[str, object]:
    row = Row()
    fill_row(row, {name.encode(): value.encode() for name, value in headers.items()}, NOON_S)
    names = [name for name in Row.__struct_fields__ if name.startswith("ratelimit_")]
    return {name[10:]: value for name in names if (value := getattr(row, name)) is not None}


def test_a_vendors_names_with_the_window_in_them():
    assert told(
        x_ratelimit_limit_tokens_minute="60000",
        x_ratelimit_remaining_tokens_minute="59000",
        x_ratelimit_reset_tokens_minute="12.5",
        x_ratelimit_limit_requests_day="14400",
        x_ratelimit_remaining_requests_day="14399",
    ) == {
        "limit_tokens": 60_000,
        "remaining_tokens": 59_000,
        "reset_tokens_ms": 12_500,
        "window_tokens_s": 60,
        "limit_requests": 14_400,
        "remaining_requests": 14_399,
        "window_requests_s": 86_400,
    }


@pytest.mark.parametrize(
    ("name", "window_s"),
    [
        ("x-ratelimit-limit-tokens-5-minute", 300),
        ("x-ratelimit-limit-req-minute", 60),
        ("x-ratelimit-limit-hour", 3_600),
        ("ratelimit-limit-second", 1),
        ("x-ratelimitbysize-limit-month", 2_592_000),
        ("x-litellm-key-rpm-limit", 60),
        ("x-ratelimit-limit-requests-1d", 86_400),
    ],
)
def test_a_limit_for_another_time_than_a_minute_is_kept_with_it(name, window_s):
    limits = read({name: "70"})

    assert 70 in limits.values()
    assert window_s in limits.values()


def test_anthropics_names_and_of_its_limits_the_one_that_presses_first():
    assert told(
        anthropic_ratelimit_requests_limit="50",
        anthropic_ratelimit_requests_remaining="49",
        anthropic_ratelimit_requests_reset="2026-07-15T12:00:07Z",
        anthropic_ratelimit_input_tokens_limit="40000",
        anthropic_ratelimit_input_tokens_remaining="39000",
        anthropic_ratelimit_output_tokens_limit="8000",
        anthropic_ratelimit_output_tokens_remaining="7000",
    ) == {
        "limit_requests": 50,
        "remaining_requests": 49,
        "reset_requests_ms": 7_000,
        "limit_tokens": 8_000,
        "remaining_tokens": 7_000,
        "tokens_of": "output",
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"ratelimit": "limit=100, remaining=40, reset=30", "ratelimit-policy": "100;w=60"},
        {"ratelimit-policy": "100;w=60", "ratelimit": "limit=100;remaining=40;reset=30"},
        {"ratelimit-policy": '"default";q=100;w=60', "ratelimit": '"default";r=40;t=30'},
        {"ratelimit": '"a";r=40;t=30, "b";r=900;t=9', "ratelimit-policy": '"a";q=100;w=60, "b";q=1000;w=3600'},
        {"ratelimit-limit": "100, 100;w=60", "ratelimit-remaining": "40", "ratelimit-reset": "30"},
        {
            "ratelimit-policy": "100;w=60",
            "ratelimit-limit": "100",
            "ratelimit-remaining": "40",
            "ratelimit-reset": "30",
        },
        {"x-ratelimit-limit": "100, 10000;w=3600, 100;w=60", "x-ratelimit-remaining": "40", "x-ratelimit-reset": "30"},
    ],
)
def test_the_drafts_of_the_ietf_all_say_the_same(headers):
    assert read(headers) == {
        "limit_requests": 100,
        "remaining_requests": 40,
        "reset_requests_ms": 30_000,
        "window_requests_s": 60,
    }


def test_a_policy_may_be_on_tokens():
    assert read({"ratelimit-policy": '"tokens";q=5000;w=60', "ratelimit": '"tokens";r=0;t=9'}) == {
        "limit_tokens": 5_000,
        "remaining_tokens": 0,
        "reset_tokens_ms": 9_000,
        "window_tokens_s": 60,
    }


def test_what_a_gateway_passes_on_stands_beside_its_own_limit_and_the_tighter_is_told():
    headers = {"x-ratelimit-limit-requests": "1000", "x-ratelimit-remaining-requests": "900"}
    behind = {"llm_provider-x-ratelimit-limit-requests": "60", "llm_provider-x-ratelimit-remaining-requests": "3"}

    assert read(headers | behind) == {"limit_requests": 60, "remaining_requests": 3}


def test_the_names_of_litellms_own_keys():
    assert read({"x-litellm-key-remaining-requests-gpt-4": "7", "x-ratelimit-model_per_key-limit-tokens": "900"}) == {
        "remaining_requests": 7,
        "limit_tokens": 900,
    }


def test_a_rest_without_its_limit_is_told_alone_and_never_in_place_of_a_whole_limit():
    assert read({"x-ratelimit-remaining-tokens": "5"}) == {"remaining_tokens": 5}
    assert read({"x-ratelimit-remaining-tokens": "5", "anthropic-ratelimit-tokens-limit": "100"}) == {
        "limit_tokens": 100
    }


@pytest.mark.parametrize("none", ["-1", "0", "", "unlimited", "9" * 30])
def test_a_limit_of_less_than_one_is_not_told(none):
    assert read({"x-ratelimit-limit-requests": none, "x-ratelimit-remaining-requests": "-1"}) == {}


@pytest.mark.parametrize(
    "name",
    [
        "x-ratelimit-limit-concurrent-requests",
        "x-ratelimit-limit-images",
        "x-ratelimit-tokens-query-cost",
        "x-max-tokens-limit",
        "x-token-limit",
        "content-length-limit",
        "retry-after",
        "anthropic-ratelimit-unified-5h-limit",
    ],
)
def test_limits_on_something_else_are_none_of_requests_or_tokens(name):
    row = Row()
    fill_row(row, {name.encode(): b"100"}, NOON_S)

    assert (row.ratelimit_limit_requests, row.ratelimit_limit_tokens, row.checks) == (None, None, [])


def test_what_looks_like_a_limit_and_cannot_be_read_is_named_where_no_other_is_told():
    row, beside = Row(), Row()
    unknown = {b"x-ai-ratelimit-limit-azure": b"10", b"x-ratelimit-limit-tokens": b"a lot"}
    fill_row(row, unknown, NOON_S)
    fill_row(beside, unknown | {b"x-ratelimit-limit-requests": b"10"}, NOON_S)

    assert row.checks == [f"{UNREAD_LIMIT}:x-ai-ratelimit-limit-azure", f"{UNREAD_LIMIT}:x-ratelimit-limit-tokens"]
    assert beside.checks == []
