"""Lengths: the median, the 95th percentile and the mean of what is drawn are those that were asked for."""

import pytest

from firsttoken.traffic.lengths import draw_length, mean_length

SPREAD = (400.0, 1600.0)


def test_a_number_is_always_itself():
    assert {draw_length(40, u / 10) for u in range(10)} == {40}
    assert mean_length(40) == 40


@pytest.mark.parametrize(("u", "tokens"), [(0.5, 400), (0.95, 1600), (0.05, 100)])
def test_a_spread_goes_through_its_median_and_its_95th_percentile(u, tokens):
    assert draw_length(SPREAD, u) == tokens


def test_the_printed_mean_is_the_mean_of_what_is_drawn():
    drawn = [draw_length(SPREAD, (i + 0.5) / 100_000) for i in range(100_000)]

    assert sum(drawn) / len(drawn) == pytest.approx(mean_length(SPREAD), rel=0.01)


def test_a_spread_of_one_value_is_that_value():
    assert draw_length((400.0, 400.0), 0.9) == 400
    assert mean_length((400.0, 400.0)) == 400


@pytest.mark.parametrize("u", [0.0, 1 - 2**-53])
def test_every_number_that_chance_can_give_is_a_length(u):
    assert draw_length((2.0, 9.0), u) >= 1
