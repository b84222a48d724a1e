"""Neighbours in time count for less, and an interval that knows it covers what it says."""

import math

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import norm

from firsttoken.stats.effective import effective_size
from firsttoken.stats.quantile import quantile_interval

SECOND = 1_000_000_000


def draw_series(rng: np.random.Generator, n: int, phi: float) -> np.ndarray:
    """A stationary AR(1) series of standard normals: each value keeps a share phi of the one before."""
    shocks = rng.normal(size=n) * math.sqrt(1 - phi**2)
    return np.asarray(lfilter([1.0], [1.0, -phi], shocks, zi=[phi * rng.normal()])[0])


def each_second(n: int) -> tuple[np.ndarray, tuple[int, int]]:
    return np.arange(n) * SECOND, (0, n * SECOND)


@pytest.mark.parametrize("phi", [0.3, 0.6, 0.9])
def test_correlated_values_are_worth_as_many_as_theory_says(phi: float) -> None:
    """The mean of an AR(1) series varies as that of n (1 - phi) / (1 + phi) independent values."""
    times, window = each_second(4000)
    rng = np.random.default_rng(5)

    sizes = [effective_size(times, draw_series(rng, 4000, phi), window, 10 * SECOND).n_eff for _ in range(200)]

    assert np.median(sizes) == pytest.approx(4000 * (1 - phi) / (1 + phi), rel=0.15)


def test_independent_values_are_worth_nearly_all_of_them() -> None:
    times, window = each_second(1000)
    rng = np.random.default_rng(5)

    sizes = [effective_size(times, rng.normal(size=1000), window, SECOND).n_eff for _ in range(200)]

    assert 0.8 * 1000 < np.mean(sizes) <= max(sizes) <= 1000


def test_values_that_alternate_earn_no_credit() -> None:
    times, window = each_second(1000)

    assert effective_size(times, np.arange(1000.0) % 2, window, SECOND).n_eff == 1000


def test_a_window_of_one_long_wave_is_worth_a_handful() -> None:
    times, window = each_second(1000)

    assert effective_size(times, np.sin(np.arange(1000) / 1000 * 2 * math.pi), window, SECOND).n_eff < 20


@pytest.mark.parametrize(("request_s", "estimated"), [(50, True), (50.1, False)])
def test_twenty_batches_longer_than_a_request_are_needed(request_s: float, estimated: bool) -> None:
    times, window = each_second(1000)

    effective = effective_size(times, draw_series(np.random.default_rng(1), 1000, 0.9), window, request_s * SECOND)

    assert effective.estimated is estimated
    assert (effective.n_eff == 1000) is not estimated


def test_nothing_is_worth_nothing() -> None:
    effective = effective_size(np.array([]), np.array([]), (0, SECOND), 1)

    assert (effective.n_eff, effective.estimated) == (0.0, False)


def test_values_that_are_all_alike_are_taken_at_their_number() -> None:
    times, window = each_second(100)

    assert effective_size(times, np.ones(100), window, SECOND).n_eff == 100


def test_the_tail_is_judged_by_the_tail() -> None:
    """Every slow request falls into one minute: p95 rests on that minute alone, the median on all of them."""
    times, window = each_second(1200)
    values = np.random.default_rng(2).normal(size=1200)
    values[600:660] = math.inf

    assert effective_size(times, values, window, SECOND, q=0.95).n_eff < 30
    assert effective_size(times, values, window, SECOND, q=0.5).n_eff > 200


def test_times_outside_the_window_count_at_its_nearest_end() -> None:
    times, window = each_second(100)
    values = np.random.default_rng(3).normal(size=100)

    shifted = np.concatenate([times[:99], [10**15]])
    assert effective_size(shifted, values, window, SECOND) == effective_size(times, values, window, SECOND)


def test_a_95_percent_interval_of_correlated_values_covers_93_to_97_percent() -> None:
    """Over 1,600 sets, independent to strongly correlated; taken for independent, they cover 78 %."""
    rng = np.random.default_rng(11)
    sets = [(q, phi) for q in (0.5, 0.95) for phi in (0.0, 0.3, 0.6, 0.9)] * 200

    covered = np.mean([_cover(rng, q, phi) for q, phi in sets], axis=0)

    assert 0.93 <= covered[0] <= 0.97
    assert covered[1] < 0.85


def _cover(rng: np.random.Generator, q: float, phi: float) -> tuple[bool, bool]:
    """Whether the interval holds the true quantile: with the effective size, and without."""
    times, window = each_second(2000)
    values = draw_series(rng, 2000, phi)
    n_eff = effective_size(times, values, window, 10 * SECOND, q).n_eff
    aware, naive = quantile_interval(values, q, n_eff), quantile_interval(values, q)
    truth = float(norm.ppf(q))
    assert aware.lo is not None and aware.hi is not None and naive.lo is not None and naive.hi is not None
    return aware.lo <= truth <= aware.hi, naive.lo <= truth <= naive.hi
