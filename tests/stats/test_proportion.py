"""A share's interval covers at least what it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from firsttoken.stats.proportion import proportion_interval


@given(st.integers(1, 300), st.data())
def test_it_is_clopper_and_pearsons(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))

    estimate = proportion_interval(hits, n)

    reference = binomtest(hits, n).proportion_ci(method="exact")
    assert estimate.value == hits / n
    assert (estimate.lo, estimate.hi) == pytest.approx((reference.low, reference.high))


def test_no_trials_have_no_share() -> None:
    estimate = proportion_interval(0, 0)

    assert (estimate.value, estimate.lo, estimate.hi) == (None, None, None)


def test_all_kept_is_not_certainty() -> None:
    """72 of 72 is the fewest that rules out 95 % from below."""
    assert (proportion_interval(71, 71).lo or 0) < 0.95 <= (proportion_interval(72, 72).lo or 0)
    assert proportion_interval(72, 72).hi == 1.0
    assert proportion_interval(0, 72).lo == 0.0


def test_fewer_effective_trials_widen_it_to_that_many() -> None:
    wide, few = proportion_interval(190, 200, n_eff=100), proportion_interval(95, 100)

    assert (wide.lo, wide.hi) == pytest.approx((few.lo, few.hi))
    assert (wide.value, wide.n, wide.n_eff) == (0.95, 200, 100)


def test_undecided_trials_are_bounds_on_both_sides() -> None:
    estimate = proportion_interval(90, 100, undecided=6)

    assert (estimate.value, estimate.at_least) == (0.9, True)
    assert estimate.lo == proportion_interval(90, 100).lo
    assert estimate.hi == proportion_interval(96, 100).hi


@pytest.mark.parametrize(("hits", "n", "undecided"), [(-1, 5, 0), (6, 5, 0), (4, 5, 2), (1, 5, -1)])
def test_impossible_counts_are_refused(hits: int, n: int, undecided: int) -> None:
    with pytest.raises(ValueError, match="expected 0 <= hits"):
        proportion_interval(hits, n, undecided=undecided)


@pytest.mark.parametrize("n", [20, 100, 400])
def test_its_coverage_is_never_below_95_percent(n: int) -> None:
    """Exactly, over every outcome, for shares on a fine grid."""
    estimates = [proportion_interval(hits, n) for hits in range(n + 1)]
    lows, highs = np.array([e.lo for e in estimates]), np.array([e.hi for e in estimates])

    for share in np.linspace(0.01, 0.999, 150):
        covered = binom.pmf(np.arange(n + 1), n, share)[(lows <= share) & (share <= highs)].sum()
        assert covered >= 0.95 - 1e-9


def test_and_at_a_level_s_usual_size_not_far_above() -> None:
    rng = np.random.default_rng(4)
    shares = rng.uniform(0.7, 0.97, 3000)
    estimates = [proportion_interval(int(rng.binomial(600, share)), 600) for share in shares]

    covered = np.mean([e.lo <= share <= e.hi for e, share in zip(estimates, shares, strict=True)])

    assert 0.95 <= covered <= 0.97
