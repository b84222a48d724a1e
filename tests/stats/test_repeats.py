"""Over runs, not over requests."""

import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from firsttoken.stats.repeats import over_repeats


def test_it_is_students_interval() -> None:
    runs = [101.0, 97.0, 104.0]

    estimate = over_repeats(runs)

    reference = ttest_1samp(runs, 0).confidence_interval()
    assert (estimate.lo, estimate.hi) == pytest.approx((reference.low, reference.high))
    assert estimate.value == pytest.approx(np.mean(runs))
    assert (estimate.n, estimate.n_eff) == (3, 3.0)


def test_one_run_has_no_interval() -> None:
    estimate = over_repeats([5.0])

    assert (estimate.value, estimate.lo, estimate.hi, estimate.shown) == (5.0, None, None, False)


def test_no_run_has_no_figure() -> None:
    assert over_repeats([]).value is None


def test_a_run_that_failed_leaves_no_interval() -> None:
    estimate = over_repeats([1.0, math.inf, 2.0])

    assert (estimate.value, estimate.lo) == (math.inf, None)


def test_a_pooled_quantile_keeps_its_value_and_takes_the_runs_spread() -> None:
    plain, pooled = over_repeats([10.0, 12.0, 14.0]), over_repeats([10.0, 12.0, 14.0], pooled=12.5)

    assert pooled.value == 12.5
    assert plain.lo is not None and plain.hi is not None
    assert (pooled.lo, pooled.hi) == pytest.approx((plain.lo + 0.5, plain.hi + 0.5))


def test_the_interval_stays_within_what_is_possible() -> None:
    assert over_repeats([1.0, 20.0]).lo == 0.0
    assert over_repeats([0.99, 0.5], most=1.0).hi == 1.0


@pytest.mark.parametrize("runs", [2, 3, 5])
def test_a_95_percent_interval_between_runs_covers_90_to_98_percent_of_200_sets(runs: int) -> None:
    """Each run has luck of its own (sd 8) besides that of its 400 requests (sd 40)."""
    rng = np.random.default_rng(runs)
    covered = 0
    for _ in range(200):
        luck = rng.normal(1000, 8, runs)
        estimate = over_repeats([float(rng.normal(mean, 40, 400).mean()) for mean in luck])
        covered += estimate.lo is not None and estimate.hi is not None and estimate.lo <= 1000 <= estimate.hi

    assert 180 <= covered <= 196


def test_pooled_requests_would_not_cover() -> None:
    """What this file is for: the same sets, 95 % intervals over all requests at once."""
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        requests = np.concatenate([rng.normal(rng.normal(1000, 8), 40, 400) for _ in range(3)])
        low, high = ttest_1samp(requests, 0).confidence_interval()
        covered += bool(low <= 1000 <= high)

    assert covered < 120
