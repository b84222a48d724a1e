"""The quota's share: what a test takes of an account's limits, by any minute, on any number of workers."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsttoken.decoding.duration import NS
from firsttoken.load.budget.cost import Cost
from firsttoken.load.budget.rate_share import QuotaShare
from firsttoken.row import Row

COST = Cost(requests=1, tokens=500)


def told(requests: int | None = None, tokens: int | None = None, reset_requests_ms: float | None = None) -> Row:
    return Row(
        ratelimit_limit_requests=requests,
        ratelimit_limit_tokens=tokens,
        ratelimit_reset_requests_ms=reset_requests_ms,
    )


def press(
    quota: QuotaShare, until_s: float, costs: list[Cost] | None = None, now_ns: int = 0
) -> list[tuple[int, Cost]]:
    """Send as soon as may be, again and again; what went when."""
    sent: list[tuple[int, Cost]] = []
    while (now_ns := now_ns + quota.wait_ns(now_ns)) < until_s * NS:
        cost = (costs or [COST])[len(sent) % len(costs or [COST])]
        quota.charge(cost, now_ns)
        sent.append((now_ns, cost))
        now_ns += 1
    return sent


def test_half_of_a_limit_of_requests_goes_evenly_and_all_of_it_is_used() -> None:
    quota = QuotaShare(0.5)
    quota.record_limits(told(requests=120))

    sent = press(quota, 600)

    gaps_s = [(after - before) / NS for (before, _), (after, _) in pairwise(sent)]
    assert gaps_s == pytest.approx([1.0] * len(gaps_s), abs=1e-6)
    assert len(sent) == 600


def test_tokens_count_as_the_vendor_reserves_them_the_whole_answer_that_may_come() -> None:
    quota = QuotaShare(0.5)
    quota.record_limits(told(requests=100_000, tokens=30_000))

    sent = press(quota, 600)

    assert sum(cost.tokens for _, cost in sent) == pytest.approx(0.5 * 30_000 * 10, rel=0.01)


@settings(max_examples=50, deadline=None)
@given(
    share=st.floats(0.05, 1),
    limit=st.integers(1_000, 100_000),
    costs=st.lists(st.integers(1, 4_000).map(lambda tokens: Cost(requests=1, tokens=tokens)), min_size=1, max_size=9),
)
def test_no_minute_takes_more_than_the_share_and_one_request(share: float, limit: int, costs: list[Cost]) -> None:
    quota = QuotaShare(share)
    quota.record_limits(told(tokens=limit))

    sent = press(quota, 200, costs)[:2_000]

    for number, (begins_ns, _) in enumerate(sent[:200]):
        minute = [cost.tokens for at_ns, cost in sent[number:] if at_ns < begins_ns + 60 * NS]
        assert sum(minute[:-1]) <= share * limit + 1


@pytest.mark.parametrize("workers", [1, 4, 16])
def test_workers_keep_together_at_the_share(workers: int) -> None:
    quotas = [QuotaShare(0.5, workers) for _ in range(workers)]
    for quota in quotas:
        quota.record_limits(told(requests=600))

    sent = [at for quota in quotas for at in press(quota, 600)]

    assert 0.97 * 3_000 < len(sent) <= 3_000 + workers


def test_a_worker_that_is_lost_leaves_its_part_to_the_others() -> None:
    quota = QuotaShare(1.0, workers=2)
    quota.record_limits(told(requests=60))
    assert len(press(quota, 60)) == 30

    quota.workers = 1

    assert len(press(quota, 120, now_ns=60 * NS)) == 60


def test_an_unknown_limit_makes_nobody_wait() -> None:
    quota = QuotaShare(0.5)
    quota.charge(COST, 0)
    quota.record_limits(Row())

    assert quota.wait_ns(0) == 0


def test_what_went_before_the_limit_was_told_is_made_good() -> None:
    quota = QuotaShare(0.5)
    for _ in range(10):
        quota.charge(COST, 0)

    quota.record_limits(told(requests=120))

    assert quota.wait_ns(4 * NS) == 6 * NS


def test_a_limit_that_changes_is_followed() -> None:
    quota = QuotaShare(1.0)
    quota.record_limits(told(requests=60))
    quota.record_limits(told(requests=600))
    quota.charge(COST, 0)

    assert quota.wait_ns(0) == NS // 10


def test_a_limit_of_requests_that_takes_minutes_to_reset_is_one_per_day() -> None:
    quota = QuotaShare(0.5)
    quota.record_limits(told(requests=1_440, reset_requests_ms=120_000.0))
    quota.record_limits(told(requests=1_440, reset_requests_ms=100.0))
    quota.charge(COST, 0)

    assert quota.wait_ns(0) == 120 * NS


def test_every_limit_that_was_ever_told_holds() -> None:
    """A row has the limit that presses first: now the minute's, then the day's."""
    quota = QuotaShare(0.5)
    quota.record_limits(Row(ratelimit_limit_requests=120, ratelimit_window_requests_s=60.0))
    quota.charge(COST, 0)
    assert quota.wait_ns(0) == NS

    quota.record_limits(Row(ratelimit_limit_requests=1_440, ratelimit_window_requests_s=86_400.0))

    assert quota.wait_ns(0) == 120 * NS


@pytest.mark.parametrize(("of", "rate"), [("input", 400), ("output", 100), (None, 500)])
def test_a_limit_on_a_part_of_the_tokens_counts_that_part(of: str | None, rate: int) -> None:
    quota = QuotaShare(1.0)
    quota.record_limits(Row(ratelimit_limit_tokens=60_000, ratelimit_tokens_of=of))  # type: ignore[arg-type]  # of a table

    quota.charge(Cost(requests=1, tokens=500, output_tokens=100), 0)

    assert quota.wait_ns(0) == pytest.approx(rate / 1_000 * NS)


def test_where_only_a_rest_is_told_the_limit_is_at_least_the_highest_rest() -> None:
    quota = QuotaShare(0.5)
    for rest in (119, 120, 3, 0):
        quota.record_limits(Row(ratelimit_remaining_requests=rest))
    quota.charge(COST, 0)

    assert quota.wait_ns(0) == NS


def test_a_limit_of_nothing_lets_hardly_anything_through() -> None:
    quota = QuotaShare(0.5)
    quota.record_limits(told(requests=0))

    assert len(press(quota, 3_600)) == 1
