"""What retries cost the users, and the quota."""

import math

import pytest

from firsttoken.decide.metrics.combine import relate_metrics
from firsttoken.decide.metrics.retries import per_thousand, use_of_quota
from firsttoken.decide.metrics.table import measure
from firsttoken.decide.metrics.value import MetricValue
from firsttoken.stats.estimate import nothing
from tests.decide.hand import build_window, key, result, row, take

ROWS = [
    row("fine", first=10, last=100, output=100),
    row("saved", 1, outcome="rate_limited", end=5, backoff_ms=500),
    row("saved", 2, intended=505, outcome="http_5xx", end=510, backoff_ms=1000),
    row("saved", 3, intended=1510, first=1600, last=1700, output=100),
    row("in vain", 1, outcome="rate_limited", end=5, backoff_ms=300),
    row("in vain", 2, intended=305, outcome="truncated", first=400, last=500, token_events=50),
    row("gave up", outcome="connect", end=5, sent=None),
    row("warming up", outcome="http_5xx", end=5, phase="settle"),
]
ROWS[6].sent_ns = None
FOUND = measure(build_window(ROWS, end=60_000))


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("retried_per_1000", 500),
        ("saved_per_1000", 250),
        ("gave_up_per_1000", 500),
        ("attempts_per_request", 7 / 4),
        ("backoff_ms_per_request", (1500 + 300) / 4),
    ],
)
def test_seconds_are_counted_over_measured_requests(metric, value):
    assert FOUND[key(metric)].value == pytest.approx(value)


def test_a_back_off_that_was_cut_off_is_not_counted_as_waited():
    data = build_window([row("a", outcome="rate_limited", end=5, backoff_ms=8000)], end=100)

    assert measure(data)[key("backoff_ms_per_request")].value == 0


@pytest.mark.parametrize(
    ("metric", "value"),
    [("error_share", 5 / 7), ("rate_limited_share", 2 / 7), ("wasted_attempts_share", 4 / 6)],
)
def test_quota_counts_every_attempt_that_reached_the_server(metric, value):
    """Seven measured attempts; the one that never connected counts against no quota."""
    assert FOUND[key(metric)].value == pytest.approx(value)


def test_wasted_tokens_are_a_range_where_a_stream_broke():
    """Two answers of 100 + 100 tokens; the broken stream was 100 + 50 at least, 100 + 100 at most."""
    wasted = FOUND[key("wasted_tokens_share")]

    assert (wasted.lo, wasted.hi) == pytest.approx((150 / 550, 200 / 600))


def test_quota_used_is_the_most_that_was_ever_gone_of_either_limit():
    rows = [
        row("a", ratelimit_limit_requests=100, ratelimit_remaining_requests=90),
        row("b", ratelimit_limit_tokens=1000, ratelimit_remaining_tokens=400),
        row("c"),
    ]

    assert use_of_quota(take(rows)).value == pytest.approx(0.6)
    assert use_of_quota(take(rows[2:])).value is None


@pytest.mark.parametrize("metric", ["error_share", "rate_limited_share", "wasted_attempts_share"])
def test_failures_that_come_together_are_worth_fewer_than_they_are(metric):
    """Half of 200 attempts fail: all in the first half of the window, or every other one."""

    def share(fails):
        rows = [
            row(f"r{n:03}", intended=50 * n, end=50 * n + 40, outcome="rate_limited")
            if fails(n)
            else row(f"r{n:03}", intended=50 * n, first=50 * n + 20, last=50 * n + 40, output=2)
            for n in range(200)
        ]
        return measure(build_window(rows))[key(metric)]

    together, apart = share(lambda n: n < 100), share(lambda n: n % 2 == 0)

    assert together.value == apart.value == 0.5
    assert together.hi - together.lo > 2 * (apart.hi - apart.lo)


def test_users_who_give_up_together_are_worth_fewer_too():
    rows = [
        row(f"r{n:03}", intended=50 * n, end=50 * n + 40, outcome="http_5xx" if n < 100 else "ok") for n in range(200)
    ]

    assert measure(build_window(rows))[key("gave_up_per_1000")].n_eff < 100


def test_nobody_is_no_share():
    assert per_thousand(nothing()).value is None


def added(felt_ms: float, served_ms: float) -> list[MetricValue]:
    return relate_metrics([result("felt_ttft_ms", felt_ms, q=0.95), result("served_ttft_ms", served_ms, q=0.95)], 1)


def test_what_retries_add_to_the_wait_is_what_the_user_perceived_less_what_was_served():
    [found] = added(1900.0, 400.0)

    assert (found.metric, found.q, found.value, found.unit) == ("retry_added_ttft_ms", 0.95, 1500.0, "ms")


def test_a_wait_that_never_ended_has_no_share_that_retries_added():
    assert added(math.inf, 400.0) == []
