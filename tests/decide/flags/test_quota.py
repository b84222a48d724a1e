"""Whether the plateau is the account's quota."""

import pytest

from firsttoken.decide.flags.flag import Evidence
from firsttoken.decide.flags.quota import find_quota_bound, find_unexplained_refusals, find_unreported_quota
from firsttoken.row import UNREAD_LIMIT, Row
from tests.decide.hand import build_window, row, said

WINDOW = (0, 60_000)


def minute(let_in: int, turned_away: int = 0, **reported: int) -> list[Row]:
    """Requests of one minute, the last of them answered 429; each told the same of the limits."""
    rows = [
        row(f"r{n}", intended=n * 10, first=n * 10 + 5, last=n * 10 + 9, output=20, **reported) for n in range(let_in)
    ]
    return rows + [
        row(f"x{n}", intended=50_000 + n, end=50_001 + n, outcome="rate_limited", **reported)
        for n in range(turned_away)
    ]


def bound(rows: list[Row], asked_tokens: float | None = 20) -> str:
    return said(find_quota_bound(build_window(rows, window=WINDOW), asked_tokens))


REQUESTS = {"ratelimit_limit_requests": 100, "ratelimit_remaining_requests": 40}
TOKENS = {"ratelimit_limit_tokens": 12_000, "ratelimit_remaining_tokens": 9000}


def limit(requests: int, window_s: float | None = None, **reported: float) -> dict[str, float]:
    """A limit on requests for another time than a minute, all of which is used up."""
    for_time = {} if window_s is None else {"ratelimit_window_requests_s": window_s}
    return {"ratelimit_limit_requests": requests, "ratelimit_remaining_requests": 0, **for_time, **reported}


def quota(rows: list[Row], window: tuple[float, float] = WINDOW) -> Evidence | None:
    return find_quota_bound(build_window(rows, window=window), 20)


BARE = [row(f"p{n}", intended=n, end=n + 1, outcome="rate_limited", http_status=429) for n in range(3)]
UNREAD = [f"{UNREAD_LIMIT}:x-ai-ratelimit-limit-azure", f"{UNREAD_LIMIT}:x-quota-tokens-limit"]
OF_OUTPUT = {"ratelimit_limit_tokens": 2_000, "ratelimit_remaining_tokens": 500, "ratelimit_tokens_of": "output"}
SHOWN = {
    "a limit on requests": quota(minute(95, turned_away=5, **REQUESTS)),
    "a limit on requests, in a short window": quota(minute(13, **limit(100)), window=(0, 8_000)),
    "a limit a second": quota(minute(115, turned_away=5, **limit(2, 1.0))),
    "a limit in 5 min": quota(minute(115, turned_away=5, **limit(500, 300.0))),
    "a limit an hour": quota(minute(115, turned_away=5, **limit(100, 3_600.0))),
    "a limit a day": quota(minute(115, turned_away=5, **limit(14_400, 86_400.0))),
    "a limit that takes longer than a minute to reset": quota(
        minute(95, turned_away=5, **limit(100, ratelimit_reset_requests_ms=9e5))
    ),
    "a limit on tokens": quota(minute(95, turned_away=1, **TOKENS)),
    "a limit on output tokens": quota(minute(95, turned_away=1, **OF_OUTPUT)),
    "only what is left": quota(minute(95, turned_away=5, ratelimit_remaining_requests=0)),
    "refusals without a quota header": find_unexplained_refusals(build_window(BARE, window=WINDOW), simulated=False),
    "refusals without a quota header that answers have": find_unexplained_refusals(
        build_window(minute(40, http_status=200, **REQUESTS) + BARE, window=WINDOW), simulated=False
    ),
    "a share of a quota that is not told": find_unreported_quota(build_window(minute(5), window=WINDOW), 0.5),
    "a share of a quota in unknown headers": find_unreported_quota(
        build_window(minute(5, checks=UNREAD), window=WINDOW), 0.5
    ),
}
"""Evidence of flags, by what shows it: the amounts are 95 requests of 100 tokens read and 20 asked for."""


def test_every_kind_of_limit_that_was_reached_is_found():
    assert [name for name, shown in SHOWN.items() if shown is None] == []


@pytest.mark.parametrize(("let_in", "is_bound"), [(95, True), (89, False)])
def test_a_plateau_within_a_tenth_of_the_limit_is_the_quotas(let_in, is_bound):
    assert bool(bound(minute(let_in, turned_away=5, **REQUESTS))) == is_bound


def test_a_limit_that_never_pressed_held_nothing_back():
    assert bound(minute(95, **REQUESTS)) == ""


def test_a_limit_past_which_far_more_went_is_no_quota_a_minute():
    """A full bucket of 40 and a minute's refill are 80 requests; 200 came through, as the 40 are places."""
    places = {"ratelimit_limit_requests": 40, "ratelimit_remaining_requests": 0}

    assert bound(minute(200, turned_away=5, **places)) == ""
    assert bound(minute(100, turned_away=5, **places))


def test_an_allowance_that_ran_out_presses_without_a_429():
    assert bound(minute(95, **REQUESTS | {"ratelimit_remaining_requests": 1}))


def test_tokens_count_as_the_vendor_reserves_them_and_not_as_they_came():
    """100 requests read 100 tokens each; that alone is well below the limit, and 20 more were asked for of each."""
    rows = minute(95, turned_away=1, **TOKENS)

    assert "11,400" in bound(rows)
    assert bound(rows, asked_tokens=5) == ""


def test_answers_of_a_trace_are_as_long_as_was_asked_for():
    assert "11,400" in bound(minute(95, turned_away=1, **TOKENS), asked_tokens=None)


def test_a_429_where_no_limit_was_told_is_no_quota():
    assert bound(minute(95, turned_away=5)) == ""


def test_a_refusal_that_bears_no_limit_is_not_the_accounts_quota():
    """A proxy turns half of them away; the answers tell a limit of which nearly all is left."""
    answers = minute(95, ratelimit_limit_requests=100, ratelimit_remaining_requests=98)
    refusals = minute(0, turned_away=60)

    assert bound(answers + refusals) == ""
    assert bound(answers + minute(0, turned_away=60, ratelimit_limit_requests=100))


def test_a_refusal_without_any_quota_header_is_remarked_as_such():
    reported = build_window(minute(40, turned_away=3, http_status=429, **REQUESTS), window=WINDOW)

    assert find_unexplained_refusals(build_window(BARE, window=WINDOW), simulated=True) is None
    assert find_unexplained_refusals(reported, simulated=False) is None


def test_a_long_limit_of_which_much_is_left_held_nothing_back():
    day = {"ratelimit_limit_requests": 14_400, "ratelimit_window_requests_s": 86_400.0}

    assert bound(minute(115, turned_away=5, ratelimit_remaining_requests=9_000, **day)) == ""


def test_where_only_a_rest_is_told_it_binds_once_it_has_run_out():
    assert bound(minute(95, turned_away=5, ratelimit_remaining_requests=7)) == ""


def test_a_share_that_could_not_be_kept_names_the_headers_that_looked_like_limits():
    reported = said(SHOWN["a share of a quota in unknown headers"])

    assert "x-ai-ratelimit-limit-azure, x-quota-tokens-limit" in reported
    assert said(find_unreported_quota(build_window(minute(5, ratelimit_remaining_tokens=4), window=WINDOW), 0.5)) == ""
