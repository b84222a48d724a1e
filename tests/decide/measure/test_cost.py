"""Dollars against bills worked out by hand."""

import numpy as np
import pytest
from msgspec.structs import replace

from firsttoken.catalogue import LongContext, Source
from firsttoken.decide.measure.cost import Billed, count_billed, price_tokens
from firsttoken.row import Row
from tests.decide.hand import PRICED, row, take

TIERED = Source(
    title="tiers",
    read="2026",
    input=2.50,
    cached_input=0.25,
    output=15.0,
    long_context=LongContext(over_tokens=272_000, input_multiple=2.0, output_multiple=1.5),
)


def answered(name: str = "a", *, read: int = 1000, cached: int | None = 0, written: int = 500, **fields: object) -> Row:
    each = row(name, first=10, last=100, output=written, token_events=250, **fields)
    each.input_tokens, each.cached_tokens = read, cached
    return each


def dollars(rows: list[Row], source: Source | None) -> list[tuple[float, float]]:
    """(least, most) of every attempt."""
    billed = count_billed(take(rows))
    least, most = price_tokens(billed.least, source), price_tokens(billed.most, source)
    return list(zip(least.total.tolist(), most.total.tolist(), strict=True))


def test_usage_is_billed_to_the_token():
    assert dollars([answered()], PRICED) == [(pytest.approx(0.009), pytest.approx(0.009))]


def test_cached_tokens_have_their_own_price_and_reasoning_is_billed_once():
    """1,000 read, 400 of them cached: 600 x 2.50 + 400 x 0.25; 500 written, 200 of them reasoning: 500 x 15."""
    by_hand = (600 * 2.50 + 400 * 0.25 + 500 * 15) / 1e6

    assert dollars([answered(cached=400, reasoning_tokens=200)], TIERED)[0][0] == pytest.approx(by_hand)


def test_without_a_cached_price_cached_tokens_get_no_discount():
    assert dollars([answered(cached=400)], PRICED) == dollars([answered(cached=None)], PRICED)


def test_a_long_prompt_is_billed_at_the_long_price_from_its_first_token_on():
    at_the_edge, past_it = answered(read=272_000), answered(read=272_001)

    assert dollars([at_the_edge], TIERED)[0][0] == pytest.approx((272_000 * 2.50 + 500 * 15) / 1e6)
    assert dollars([past_it], TIERED)[0][0] == pytest.approx((272_001 * 5.00 + 500 * 22.5) / 1e6)


@pytest.mark.parametrize("outcome", ["rate_limited", "http_4xx", "http_5xx", "connect", "tls", "client_error"])
def test_a_refused_attempt_bills_nothing(outcome):
    assert dollars([answered(), row("b", outcome=outcome, end=5)], PRICED)[1] == (0, 0)


def test_a_broken_stream_costs_between_what_was_seen_and_a_whole_answer():
    """Answers had 2 tokens an event: 50 events are 100 tokens, and the prompt was read in any case."""
    least, most = dollars([answered(), row("b", first=10, last=50, token_events=50, outcome="truncated")], PRICED)[1]

    assert least == pytest.approx((1000 * 3 + 100 * 12) / 1e6)
    assert most == pytest.approx((1000 * 3 + 500 * 12) / 1e6)


def test_an_attempt_that_timed_out_before_its_first_token_may_have_cost_nothing_or_all():
    assert dollars([answered(), row("b", end=60_000, outcome="deadline")], PRICED)[1] == (0, pytest.approx(0.009))


def test_a_broken_stream_longer_than_any_answer_costs_at_least_what_was_seen():
    least, most = dollars([answered(), row("b", first=10, last=50, token_events=400, outcome="truncated")], PRICED)[1]

    assert least == most == pytest.approx((1000 * 3 + 800 * 12) / 1e6)


def test_an_attempt_that_was_never_sent_costs_nothing():
    unsent = row("b", outcome="cancelled_by_run", end=5)
    unsent.sent_ns = None

    assert dollars([answered(), unsent], PRICED)[1] == (0, 0)


def test_a_broken_stream_that_reported_its_usage_is_no_estimate():
    least, most = dollars([answered(outcome="error_in_stream")], PRICED)[0]

    assert least == most == pytest.approx(0.009)


def test_without_any_usage_tokens_are_unknown_and_never_zero():
    billed: Billed = count_billed(take([row("a", first=10, last=50, token_events=50)]))

    assert np.isnan(billed.least.output).all()
    assert np.isnan(billed.most.input).all()


@pytest.mark.parametrize("source", [None, Source(title="half", read="2026", output=3.0)])
def test_an_unknown_price_makes_dollars_unknown(source):
    assert price_tokens(count_billed(take([answered()])).least, source) is None


WRITES = replace(TIERED, cache_write=3.0)


def test_what_is_written_to_the_cache_has_its_own_price_and_none_where_none_is_stated():
    """1,000 read, 400 of them from the cache and 500 written to it: 100 x 2.50 + 400 x 0.25 + 500 x 3."""
    one = answered(cached=400, cache_write_tokens=500, written=10)
    by_hand = (100 * 2.50 + 400 * 0.25 + 500 * 3.0 + 10 * 15) / 1e6

    assert dollars([one], WRITES)[0][0] == pytest.approx(by_hand)
    assert np.isnan(dollars([one], TIERED)[0][0])


def test_dollars_of_a_tier_without_a_price_are_unknown():
    served = [answered(service_tier=tier) for tier in (None, "default", "standard", "priority", "gold")]

    assert np.isnan([total for total, _ in dollars(served, TIERED)]).tolist() == [False, False, False, True, True]
    assert np.isnan([total for total, _ in dollars(served, replace(TIERED, tier="priority"))]).tolist() == [
        False, True, True, False, True,
    ]  # fmt: skip
