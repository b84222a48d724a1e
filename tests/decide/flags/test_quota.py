"""Whether the plateau is the account's quota."""

import pytest

from firsttoken.decide.flags.quota import find_quota_bound, find_unexplained_refusals, find_untold_quota
from firsttoken.row import UNREAD_LIMIT, Row
from tests.decide.hand import build_window, row, said

WINDOW = (0, 60_000)


def minute(let_in: int, turned_away: int = 0, **told: int) -> list[Row]:
    """Requests of one minute, the last of them answered 429; each told the same of the limits."""
    rows = [row(f"r{n}", intended=n * 10, first=n * 10 + 5, last=n * 10 + 9, output=20, **told) for n in range(let_in)]
    return rows + [
        row(f"x{n}", intended=50_000 + n, end=50_001 + n, outcome="rate_limited", **told) for n in range(turned_away)
    ]


def bound(rows: list[Row], asked_tokens: float | None = 20) -> str:
    return said(find_quota_bound(build_window(rows, window=WINDOW), asked_tokens))


REQUESTS = {"ratelimit_limit_requests": 100, "ratelimit_remaining_requests": 40}
TOKENS = {"ratelimit_limit_tokens": 12_000, "ratelimit_remaining_tokens": 9000}


@pytest.mark.parametrize(("let_in", "is_bound"), [(95, True), (89, False)])
def test_a_plateau_within_a_tenth_of_the_limit_is_the_quotas(let_in, is_bound):
    told = bound(minute(let_in, turned_away=5, **REQUESTS))

    assert bool(told) == is_bound
    assert not told or told.startswith(
        "The account's quota was the limit: the server allows 100 requests a minute, and 95 were let in within 60 s."
    )


def test_a_limit_that_never_pressed_held_nothing_back():
    assert bound(minute(95, **REQUESTS)) == ""


def test_a_limit_past_which_far_more_went_is_no_quota_a_minute():
    """A full bucket of 40 and a minute's refill are 80 requests; 200 came through, as the 40 are places."""
    places = {"ratelimit_limit_requests": 40, "ratelimit_remaining_requests": 0}

    assert bound(minute(200, turned_away=5, **places)) == ""
    assert "and 100 were let in" in bound(minute(100, turned_away=5, **places))


def test_an_allowance_that_ran_out_presses_without_a_429():
    assert bound(minute(95, **REQUESTS | {"ratelimit_remaining_requests": 1}))


def test_tokens_count_as_the_vendor_reserves_them_and_not_as_they_came():
    """100 requests read 100 tokens each; that alone is well below the limit, and 20 more were asked for of each."""
    rows = minute(95, turned_away=1, **TOKENS)

    assert "12,000 tokens a minute, and 11,400 were let in" in bound(rows)
    assert bound(rows, asked_tokens=5) == ""


def test_answers_of_a_trace_are_as_long_as_was_asked_for():
    assert "11,400 were let in" in bound(minute(95, turned_away=1, **TOKENS), asked_tokens=None)


def test_a_429_where_no_limit_was_told_is_no_quota():
    assert bound(minute(95, turned_away=5)) == ""


def test_what_was_counted_is_said_as_it_was_counted_and_not_scaled_to_a_minute():
    """The refill of 100 a minute lets 13 in within 8 s."""
    told = {"ratelimit_limit_requests": 100, "ratelimit_remaining_requests": 0}

    told_so = said(find_quota_bound(build_window(minute(13, **told), window=(0, 8_000)), 20))

    assert "the server allows 100 requests a minute, and 13 were let in within 8 s." in told_so


def test_a_refusal_that_bears_no_limit_is_not_the_accounts_quota():
    """A proxy turns half of them away; the answers tell a limit of which nearly all is left."""
    answers = minute(95, ratelimit_limit_requests=100, ratelimit_remaining_requests=98)
    refusals = minute(0, turned_away=60)

    assert bound(answers + refusals) == ""
    assert bound(answers + minute(0, turned_away=60, ratelimit_limit_requests=100))


def test_a_refusal_without_any_quota_header_is_remarked_as_such():
    answers = minute(40, http_status=200, **REQUESTS)
    bare = [row(f"p{n}", intended=n, end=n + 1, outcome="rate_limited", http_status=429) for n in range(3)]

    told = said(find_unexplained_refusals(build_window(answers + bare, window=WINDOW), simulated=False))

    assert told.startswith("3 of 43 attempts were turned away (429) without any quota header, though answers bear one:")
    assert said(find_unexplained_refusals(build_window(bare, window=WINDOW), simulated=True)) == ""
    assert "though" not in said(find_unexplained_refusals(build_window(bare, window=WINDOW), simulated=False))
    assert (
        said(
            find_unexplained_refusals(
                build_window(minute(40, turned_away=3, http_status=429, **REQUESTS), window=WINDOW), False
            )
        )
        == ""
    )


@pytest.mark.parametrize(
    ("window_s", "limit", "words"),
    [(1.0, 2, "2 requests a second"), (300.0, 500, "500 requests in 5 min"), (3_600.0, 100, "100 requests an hour"),
     (86_400.0, 14_400, "14,400 requests a day")],
)  # fmt: skip
def test_a_limit_for_another_time_than_a_minute_is_said_with_that_time(window_s, limit, words):
    told = {
        "ratelimit_limit_requests": limit,
        "ratelimit_remaining_requests": 0,
        "ratelimit_window_requests_s": window_s,
    }

    said = bound(minute(115, turned_away=5, **told))

    assert f"the server allows {words}, and 115 were let in within 60 s" in said
    assert "a minute" not in said


def test_a_long_limit_of_which_much_is_left_held_nothing_back():
    day = {"ratelimit_limit_requests": 14_400, "ratelimit_window_requests_s": 86_400.0}

    assert bound(minute(115, turned_away=5, ratelimit_remaining_requests=9_000, **day)) == ""


def test_a_limit_that_takes_longer_than_a_minute_to_reset_is_not_one_of_a_minute():
    told = {"ratelimit_limit_requests": 100, "ratelimit_remaining_requests": 0, "ratelimit_reset_requests_ms": 9e5}

    assert "100 requests in a time that it does not tell" in bound(minute(95, turned_away=5, **told))


def test_a_limit_on_a_part_of_the_tokens_counts_that_part():
    """95 requests read 100 tokens each and ask for 20."""
    of_output = {"ratelimit_limit_tokens": 2_000, "ratelimit_remaining_tokens": 500, "ratelimit_tokens_of": "output"}

    assert "2,000 output tokens a minute, and 1,900 were let in" in bound(minute(95, turned_away=1, **of_output))


def test_where_only_a_rest_is_told_it_binds_once_it_has_run_out():
    assert "what the server allowed of requests ran out, and 95 requests" in bound(
        minute(95, turned_away=5, ratelimit_remaining_requests=0)
    )
    assert bound(minute(95, turned_away=5, ratelimit_remaining_requests=7)) == ""


def test_a_share_that_could_not_be_kept_names_the_headers_that_looked_like_limits():
    unknown = [f"{UNREAD_LIMIT}:x-ai-ratelimit-limit-azure", f"{UNREAD_LIMIT}:x-quota-tokens-limit"]

    told = said(find_untold_quota(build_window(minute(5, checks=unknown), window=WINDOW), 0.5))

    assert "seen, but not understood: x-ai-ratelimit-limit-azure, x-quota-tokens-limit" in told
    assert "seen" not in said(find_untold_quota(build_window(minute(5), window=WINDOW), 0.5))
    assert said(find_untold_quota(build_window(minute(5, ratelimit_remaining_tokens=4), window=WINDOW), 0.5)) == ""
