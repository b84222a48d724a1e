"""What attempts cost, and what an answered request does with the failed ones beside it."""

import pytest

from firsttoken.decide.metrics.table import measure
from tests.decide.hand import build_window, key, row
from tests.decide.metrics.test_retries import ROWS

ANSWER = 100 * 3e-6 + 100 * 12e-6


def test_the_tax_is_what_all_attempts_cost_over_what_the_answers_did():
    found = measure(build_window(ROWS, end=60_000))
    tax, price = found[key("retry_tax")], found[key("dollars_per_1000_good")]

    assert tax.lo == pytest.approx(1 + (100 * 3e-6 + 50 * 12e-6) / (2 * ANSWER))
    assert tax.hi == pytest.approx(1.5)
    assert price.hi == pytest.approx(1000 * 3 * ANSWER / 2)


def test_without_a_broken_stream_dollars_are_no_range():
    found = measure(build_window(ROWS[:1]))

    assert found[key("dollars")].value == pytest.approx(0.0015)
    assert not found[key("dollars")].shown
    assert found[key("retry_tax")].value == 1


def test_requests_that_we_cut_off_are_no_cost_of_retries():
    cut = row("cut", first=10, last=100, token_events=50, outcome="cancelled_by_run")
    found = measure(build_window([ROWS[0], cut]))

    assert found[key("retry_tax")].value == 1
    assert found[key("dollars")].lo > 0.0015


@pytest.mark.parametrize("metric", ["dollars", "retry_tax", "dollars_per_1000_good"])
def test_an_unknown_price_leaves_dollars_unknown(metric):
    assert measure(build_window(ROWS, end=60_000, source=None))[key(metric)].value is None


def test_nothing_kept_has_no_price_per_thousand_kept():
    assert measure(build_window([row("a", outcome="http_5xx", end=5)]))[key("dollars_per_1000_good")].value is None
