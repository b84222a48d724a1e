"""The load that a demand needs, and its bill of a day."""

import numpy as np
import pytest

from firsttoken.catalogue import Source, load_catalogue
from firsttoken.decide.measure.cost import Tokens
from firsttoken.decide.measure.demand import Need, Offer, answered_tokens, bill_day, find_need, join_tokens
from firsttoken.scenario.format import Demand, Spread, Traffic
from tests.decide.hand import PRICED, row, take

OFFERS = [Offer(1, 0.4, 1.0), Offer(4, 1.6, 4.0), Offer(16, 5.0, 16.0)]
DAY = 100_000.0


def peak(rps: float, headroom: float = 0.0) -> Demand:
    return Demand(requests_per_day=DAY, peak_rps=rps, headroom=headroom)


def test_users_are_the_rate_times_the_time_a_request_keeps_them_busy():
    assert OFFERS[0].busy_s == pytest.approx(2.5)
    assert find_need(peak(1.2), OFFERS) == Need(1.2, 4, pytest.approx(1.2 * 2.5))


def test_headroom_comes_on_top_of_the_peak():
    assert find_need(peak(1.5, headroom=0.3), OFFERS) == Need(pytest.approx(1.95), 16, pytest.approx(1.95 * 3.2))


def test_a_ladder_that_is_too_short_has_no_level_but_says_how_many_users():
    assert find_need(peak(10), OFFERS) == Need(10, None, pytest.approx(32))


def test_without_a_peak_nothing_is_needed():
    assert find_need(Demand(requests_per_day=DAY), OFFERS) is None
    assert find_need(None, OFFERS) is None


def test_where_nothing_was_measured_users_are_unknown():
    assert find_need(peak(10), []) == Need(10, None, None)
    assert find_need(peak(10), [Offer(1, 0.0, 1.0)]) == Need(10, None, None)


TRAFFIC = Traffic(locustfile="chat", input_tokens=400, output_tokens=128)
NOTHING = join_tokens([])


def tokens(*lengths: tuple[float, float]) -> Tokens:
    """Answers of (input, output) tokens."""
    read, written = (np.array(side, dtype=float) for side in zip(*lengths, strict=True))
    return Tokens(read, np.zeros(len(read)), written)


def comparison(model: str) -> Source:
    return load_catalogue()[model].sources["comparison"]


def test_ten_million_output_tokens_a_day_are_120_dollars_on_one_and_180_on_the_other():
    demand = Demand(output_tokens_per_day=10_000_000)
    bills = [bill_day(demand, NOTHING, comparison(model), TRAFFIC) for model in ("gpt-5.2-codex", "gpt-5.4")]

    assert [bill.output for bill in bills] == pytest.approx([120, 180])
    assert 30 * (bills[1].output - bills[0].output) == pytest.approx(1800)


def test_the_input_that_such_output_drags_along_is_beside_it():
    """10 M output tokens at 128 an answer are 78,125 requests of 400 tokens: 31.25 M input tokens."""
    bill = bill_day(Demand(output_tokens_per_day=10_000_000), NOTHING, comparison("gpt-5.2-codex"), TRAFFIC)

    assert bill.requests == 78_125
    assert bill.input == pytest.approx(31.25 * 3)
    assert bill.total == pytest.approx(120 + 93.75)


def test_measured_lengths_go_before_those_that_were_asked_for():
    bill = bill_day(Demand(requests_per_day=1000), tokens((100, 50), (300, 150)), PRICED, TRAFFIC)

    assert (bill.input, bill.output) == pytest.approx((200 * 1000 * 3e-6, 100 * 1000 * 12e-6))
    assert bill.n == 2


def test_where_requests_and_tokens_are_stated_each_side_is_billed_by_its_own():
    demand = Demand(requests_per_day=1000, output_tokens_per_day=125_000)
    bill = bill_day(demand, NOTHING, PRICED, TRAFFIC)

    assert (bill.input, bill.output) == pytest.approx((1000 * 400 * 3e-6, 125_000 * 12e-6))


def test_lengths_that_vary_count_with_their_mean_and_not_their_median():
    varied = Traffic(locustfile="chat", input_tokens=Spread(median=100, p95=400), output_tokens=100)
    bill = bill_day(Demand(requests_per_day=1000), NOTHING, PRICED, varied)

    assert bill.input > 1000 * 100 * 3e-6 * 1.3


def test_an_unknown_price_has_no_bill():
    assert bill_day(Demand(requests_per_day=1000), NOTHING, None, TRAFFIC) is None


def test_only_measured_answers_that_reported_their_usage_are_taken():
    rows = [
        row("a", first=1, last=9, output=10),
        row("b", first=1, last=9, output=20, phase="settle"),
        row("c", first=1, last=9, token_events=5),
        row("d", end=9, outcome="http_5xx"),
    ]

    assert answered_tokens(take(rows)).output.tolist() == [10]
