"""Buckets refill evenly over a minute, and headers tell what is left."""

import pytest

from firsttoken.simulator.errors import ApiError
from firsttoken.simulator.limits import Bucket, RateLimits, write_duration

SECOND = 1_000_000_000


def test_a_bucket_gives_its_limit_at_once_and_then_a_share_each_second():
    bucket = Bucket(60)
    bucket.take(60, 0)
    assert bucket.left(0) == 0
    assert bucket.left(1 * SECOND) == pytest.approx(1)
    assert bucket.left(30 * SECOND) == pytest.approx(30)


def test_a_bucket_never_holds_more_than_its_limit():
    bucket = Bucket(10)
    bucket.take(1, 0)
    assert bucket.left(600 * SECOND) == 10


def test_a_bucket_says_how_long_to_wait():
    bucket = Bucket(60)
    bucket.take(60, 0)
    assert bucket.wait_s(3, 0) == pytest.approx(3.0)
    assert bucket.wait_s(3, 5 * SECOND) == 0


def test_requests_beyond_the_limit_are_refused_until_the_bucket_has_one():
    limits = RateLimits("m", requests_per_minute=2, tokens_per_minute=None)
    limits.charge(10, 0)
    limits.charge(10, 0)
    with pytest.raises(ApiError, match=r"requests per min \(RPM\): Limit 2, Used 2, Requested 1") as caught:
        limits.charge(10, 0)
    assert caught.value.status == 429
    assert caught.value.headers["retry-after"] == "30"
    limits.charge(10, 30 * SECOND)


def test_a_refused_request_is_not_charged():
    limits = RateLimits("m", requests_per_minute=10, tokens_per_minute=100)
    limits.charge(90, 0)
    with pytest.raises(ApiError, match="tokens per min"):
        limits.charge(50, 0)
    assert limits.headers(0)["x-ratelimit-remaining-requests"] == "9"


def test_a_request_larger_than_the_limit_is_told_that_waiting_does_not_help():
    with pytest.raises(ApiError, match=r"too large for m on tokens per min \(TPM\): Limit 100, Requested 101"):
        RateLimits("m", None, 100).charge(101, 0)


def test_headers_tell_limit_remaining_and_reset_of_the_limits_that_are_set():
    limits = RateLimits("m", None, 6_000)
    limits.charge(600, 0)
    assert limits.headers(0) == {
        "x-ratelimit-limit-tokens": "6000",
        "x-ratelimit-remaining-tokens": "5400",
        "x-ratelimit-reset-tokens": "6s",
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.012, "12ms"), (1, "1s"), (1.5, "1.5s"), (60, "1m0s"), (72.17, "1m12.17s"), (3600, "60m0s")],
)
def test_durations_are_written_as_hosted_apis_write_them(seconds, text):
    assert write_duration(seconds) == text
