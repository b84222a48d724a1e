"""Quantiles are order statistics, and their intervals cover what they say."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.stats.quantile import interval_ranks, quantile, quantile_interval

PERCENT = (Fraction(1, 2), Fraction(19, 20), Fraction(99, 100))
VALUES = st.lists(st.floats(0, 1e9) | st.just(math.inf), min_size=1, max_size=80)


@pytest.mark.parametrize("q", PERCENT)
def test_a_quantile_is_the_value_that_a_share_q_does_not_pass(q: Fraction) -> None:
    """For every n, in exact arithmetic: 0.95 * 20 is rank 19, whatever its last bit says."""
    for n in range(1, 2001):
        assert quantile(np.arange(1.0, n + 1), float(q)) == math.ceil(n * q)


def test_the_order_of_the_values_is_no_matter() -> None:
    x = np.random.default_rng(1).permutation(101.0 * np.arange(101))

    assert quantile(x, 0.5) == 101.0 * 50


@pytest.mark.parametrize(("q", "least"), [(0.5, 6), (0.95, 59), (0.99, 299)])
def test_an_interval_needs_so_many_values_to_have_two_ends(q: float, least: int) -> None:
    few = quantile_interval(np.arange(float(least - 1)), q)
    enough = quantile_interval(np.arange(float(least)), q)

    assert (few.lo, few.hi, few.shown) == (None, None, False)
    assert few.value is not None
    assert enough.shown
    assert enough.hi == least - 1


@pytest.mark.parametrize(("q", "least"), [(0.5, 6), (0.95, 59), (0.99, 299)])
def test_and_the_formula_of_the_least_and_the_greatest_says_the_same(q: float, least: int) -> None:
    def covered(n: int) -> float:
        return 1 - q**n - (1 - q) ** n

    assert covered(least - 1) < 0.95 <= covered(least)


def test_it_is_the_effective_number_that_must_suffice() -> None:
    x = np.arange(400.0)

    assert quantile_interval(x, 0.95, n_eff=58.9).lo is None
    assert quantile_interval(x, 0.95, n_eff=59.0).shown
    assert quantile_interval(x, 0.95, n_eff=9e9) == quantile_interval(x, 0.95)


def test_textbook_ranks() -> None:
    """n = 100, median: (40, 60) or (41, 61) cover 95.4 %, as the tables say."""
    assert interval_ranks(100, 0.5) in ((40, 60), (41, 61))


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_and_one_value_have_no_interval(n: int) -> None:
    estimate = quantile_interval(np.ones(n), 0.5)

    assert (estimate.value, estimate.lo, estimate.hi, estimate.n) == (1.0 if n else None, None, None, n)


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="expected values without nan"):
        quantile_interval(np.array([1.0, math.nan]), 0.5)


def test_what_failed_counts_as_infinite() -> None:
    x = np.concatenate([np.arange(94.0), np.full(6, math.inf)])

    assert quantile_interval(x, 0.5) == quantile_interval(np.arange(100.0), 0.5)
    p95 = quantile_interval(x, 0.95)
    assert (p95.value, p95.hi, p95.at_least) == (math.inf, math.inf, False)
    assert p95.lo is not None and p95.lo < math.inf


def test_a_quantile_touched_by_what_was_cut_off_is_a_lower_bound() -> None:
    """100 values, the last 6 cut off at 200: more than 5 % are unknown, so p95 is 200 or more, p50 what it is."""
    x = np.concatenate([np.arange(94.0), np.full(6, 200.0)])
    censored = np.arange(100) >= 94

    p95 = quantile_interval(x, 0.95, censored=censored)
    p50 = quantile_interval(x, 0.5, censored=censored)

    assert (p95.value, p95.at_least, p95.hi) == (200.0, True, math.inf)
    assert p50 == quantile_interval(np.arange(100.0), 0.5)


def test_five_of_a_hundred_cut_off_leave_p95_known() -> None:
    x = np.concatenate([np.arange(95.0), np.full(5, 200.0)])

    p95 = quantile_interval(x, 0.95, censored=np.arange(100) >= 95)

    assert (p95.value, p95.at_least) == (94.0, False)


def test_what_was_cut_off_early_is_never_taken_for_short() -> None:
    """A request that was cut off after 1 ms says nothing of short times: it counts as infinite, not as 1 ms."""
    x = np.concatenate([np.full(2, 1.0), np.arange(100.0, 198.0)])
    censored = np.arange(100) < 2

    assert quantile(x, 0.5) == 147.0
    assert quantile_interval(x, 0.5, censored=censored).value == 149.0


def test_cut_off_and_given_up_are_told_apart() -> None:
    x = np.concatenate([np.arange(50.0), np.full(50, math.inf)])

    assert not quantile_interval(x, 0.95, censored=np.zeros(100, dtype=bool)).at_least


@given(VALUES, st.sampled_from([0.05, 0.5, 0.95, 0.99]), st.floats(0, 1))
def test_the_value_lies_in_its_interval_and_both_are_observed(values: list[float], q: float, worth: float) -> None:
    x = np.array(values)

    estimate = quantile_interval(x, q, n_eff=worth * len(x))

    assert estimate.value in values
    if estimate.shown:
        assert estimate.lo in values and estimate.hi in values
        assert min(values) <= estimate.lo <= estimate.value <= estimate.hi <= max(values)


@given(VALUES, st.sampled_from([0.5, 0.95]), st.data())
def test_quantiles_never_cross(values: list[float], q: float, data: st.DataObject) -> None:
    higher = data.draw(st.floats(q, 1))

    assert quantile(np.array(values), q) <= quantile(np.array(values), higher)


@given(st.integers(2, 500), st.floats(0.01, 0.99))
def test_a_wider_confidence_never_narrows_the_interval(n: int, q: float) -> None:
    narrow, wide = interval_ranks(n, q, 0.8), interval_ranks(n, q, 0.95)

    if wide is not None:
        assert narrow is not None
        assert wide[1] - wide[0] >= narrow[1] - narrow[0]


@pytest.mark.parametrize(("q", "n"), [(0.5, 20), (0.5, 100), (0.95, 300), (0.95, 1000), (0.99, 2000)])
def test_a_95_percent_interval_covers_93_to_97_percent(q: float, n: int) -> None:
    """Over 4,000 sets of a skewed distribution; the mean of what the figures of a report do."""
    sets = np.random.default_rng(n).exponential(size=(4000, n))
    truth = -math.log(1 - q)
    ranks = interval_ranks(n, q)
    assert ranks is not None
    ordered = np.sort(sets, axis=1)

    covered = np.mean((ordered[:, ranks[0] - 1] <= truth) & (truth <= ordered[:, ranks[1] - 1]))

    assert 0.93 <= covered <= 0.97


def test_a_million_values_are_no_hardship() -> None:
    lower, upper = interval_ranks(1_000_000, 0.99) or (0, 0)

    assert 989_700 < lower < 990_000 < upper < 990_300
