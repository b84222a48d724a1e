"""Whether the plateau is the account's quota."""

import pytest

from firsttoken.decide.quota import find_quota_bound
from firsttoken.row import Row
from tests.decide.hand import row, see

WINDOW = (0, 60_000)


def minute(let_in: int, turned_away: int = 0, **told: int) -> list[Row]:
    """Requests of one minute, the last of them answered 429; each told the same of the limits."""
    rows = [row(f"r{n}", intended=n * 10, first=n * 10 + 5, last=n * 10 + 9, output=20, **told) for n in range(let_in)]
    return rows + [
        row(f"x{n}", intended=50_000 + n, end=50_001 + n, outcome="rate_limited", **told) for n in range(turned_away)
    ]


def bound(rows: list[Row], asked_tokens: float | None = 20) -> str:
    return find_quota_bound(see(rows, window=WINDOW), asked_tokens)


REQUESTS = {"ratelimit_limit_requests": 100, "ratelimit_remaining_requests": 40}
TOKENS = {"ratelimit_limit_tokens": 12_000, "ratelimit_remaining_tokens": 9000}


@pytest.mark.parametrize(("let_in", "is_bound"), [(95, True), (89, False)])
def test_a_plateau_within_a_tenth_of_the_limit_is_the_quotas(let_in, is_bound):
    told = bound(minute(let_in, turned_away=5, **REQUESTS))

    assert bool(told) == is_bound
    assert not told or told.startswith(
        "The account's quota was the limit: the server allows 100 requests a minute, and let in 95."
    )


def test_a_limit_that_never_pressed_held_nothing_back():
    assert bound(minute(95, **REQUESTS)) == ""


def test_a_limit_past_which_far_more_went_is_no_quota_a_minute():
    """A full bucket of 40 and a minute's refill are 80 requests; 200 came through, as the 40 are places."""
    places = {"ratelimit_limit_requests": 40, "ratelimit_remaining_requests": 0}

    assert bound(minute(200, turned_away=5, **places)) == ""
    assert "let in 100" in bound(minute(100, turned_away=5, **places))


def test_an_allowance_that_ran_out_presses_without_a_429():
    assert bound(minute(95, **REQUESTS | {"ratelimit_remaining_requests": 1}))


def test_tokens_count_as_the_vendor_reserves_them_and_not_as_they_came():
    """100 requests read 100 tokens each; that alone is well below the limit, and 20 more were asked for of each."""
    rows = minute(95, turned_away=1, **TOKENS)

    assert "12,000 tokens a minute, and let in 11,400" in bound(rows)
    assert bound(rows, asked_tokens=5) == ""


def test_answers_of_a_trace_are_as_long_as_was_asked_for():
    assert "let in 11,400" in bound(minute(95, turned_away=1, **TOKENS), asked_tokens=None)


def test_a_429_where_no_limit_was_told_is_no_quota():
    assert bound(minute(95, turned_away=5)) == ""
