"""Little's law between a peak and the users that make it."""

import pytest

from firsttoken.decide.measure.demand import Need, Offer, find_need
from firsttoken.scenario.format import Demand

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
