"""A difference comes with its interval, out of the two of its parts."""

import math

import numpy as np
import pytest

from firsttoken.stats.difference import subtract
from firsttoken.stats.estimate import Estimate, nothing
from firsttoken.stats.quantile import quantile_interval


def estimate(value: float, lo: float | None, hi: float | None, n: int = 100) -> Estimate:
    return Estimate(value, lo, hi, n, float(n))


def test_the_distances_to_the_ends_add_up_as_the_sides_of_a_right_angle():
    difference = subtract(estimate(10, 7, 14), estimate(30, 26, 33, n=60))

    assert (difference.value, difference.n) == (20, 60)
    assert difference.lo == pytest.approx(20 - math.hypot(30 - 26, 14 - 10))
    assert difference.hi == pytest.approx(20 + math.hypot(33 - 30, 10 - 7))


def test_of_two_like_normal_means_it_is_the_textbooks_interval():
    half = 1.96 * math.sqrt(1 / 50 + 1 / 50)

    difference = subtract(*(estimate(mean, mean - 1.96 / 50**0.5, mean + 1.96 / 50**0.5) for mean in (5, 7)))

    assert (difference.lo, difference.hi) == pytest.approx((2 - half, 2 + half))


def test_it_turns_its_sign_with_its_parts():
    one, other = estimate(10, 7, 14), estimate(30, 26, 33)
    there, back = subtract(one, other), subtract(other, one)

    assert (back.value, back.lo, back.hi) == (-there.value, -there.hi, -there.lo)


def test_what_has_no_interval_gives_none_and_what_has_no_value_gives_none():
    assert subtract(estimate(1, None, 2), estimate(3, 2, 4)).shown is False
    assert subtract(estimate(1, None, 2), estimate(3, 2, 4)).value == 2
    assert subtract(nothing(), estimate(3, 2, 4)).value is None
    assert subtract(estimate(1, 0, 2), estimate(math.inf, 2, math.inf)).value is None
    assert subtract(estimate(1, 0, 2), estimate(3, 2, math.inf)).hi == math.inf


def test_it_covers_the_true_difference_of_medians_as_often_as_it_says():
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        x, y = rng.lognormal(0, 0.5, 80), rng.lognormal(0, 0.5, 80) + 0.2
        difference = subtract(quantile_interval(x, 0.5), quantile_interval(y, 0.5))
        covered += difference.lo <= 0.2 <= difference.hi

    assert covered / 400 >= 0.93
