"""A token counts when it arrives."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.stats.rate import rate, token_arrivals

SECOND = 1_000_000_000
ALL = (0, 1_000 * SECOND)


def gaps(*of_attempts: list[int]) -> list[np.ndarray]:
    return [np.array(of_attempt, dtype=np.int64) for of_attempt in of_attempts]


def test_tokens_are_spread_evenly_over_the_token_events() -> None:
    arrivals = token_arrivals(np.array([1000.0, 500.0]), gaps([1, 2], []), np.array([6.0, 4.0]))

    assert arrivals.at_ns.tolist() == [1000, 2000, 4000, 500]
    assert arrivals.tokens.tolist() == [2.0, 2.0, 2.0, 4.0]
    assert arrivals.estimated_share(ALL) == 0.0


def test_an_uncounted_stream_gets_as_many_tokens_an_event_as_the_others_had() -> None:
    arrivals = token_arrivals(np.array([0.0, 0.0]), gaps([1, 1], [1]), np.array([6.0, math.nan]))

    assert arrivals.tokens.tolist() == [2.0] * 5
    assert arrivals.estimated_share(ALL) == pytest.approx(4 / 10)


def test_where_none_was_counted_an_event_is_taken_for_a_token() -> None:
    arrivals = token_arrivals(np.array([0.0]), gaps([1, 1]), np.array([math.nan]))

    assert (arrivals.tokens.tolist(), arrivals.estimated_share(ALL)) == ([1.0, 1.0, 1.0], 1.0)


def test_no_streams_bring_no_tokens() -> None:
    arrivals = token_arrivals(np.array([]), [], np.array([]))

    assert (len(arrivals.at_ns), len(arrivals.tokens), arrivals.estimated_share(ALL)) == (0, 0, 0.0)


@given(
    st.lists(
        st.tuples(st.integers(0, 2**52), st.lists(st.integers(0, 10**7), max_size=8), st.integers(1, 99)), min_size=1
    )
)
def test_flat_arrays_say_what_a_loop_would(attempts: list[tuple[int, list[int], int]]) -> None:
    arrivals = token_arrivals(
        np.array([first for first, _, _ in attempts], dtype=np.float64),
        gaps(*(of_attempt for _, of_attempt, _ in attempts)),
        np.array([tokens for _, _, tokens in attempts], dtype=np.float64),
    )

    expected = [first + 1000 * sum(steps[:place]) for first, steps, _ in attempts for place in range(len(steps) + 1)]
    assert arrivals.at_ns.tolist() == expected
    assert arrivals.tokens.sum() == pytest.approx(sum(tokens for _, _, tokens in attempts))


def test_the_estimated_share_is_that_of_what_arrived_in_the_window() -> None:
    arrivals = token_arrivals(np.array([0.0, 5e9]), gaps([], []), np.array([4.0, math.nan]))

    assert arrivals.estimated_share((4 * SECOND, 6 * SECOND)) == 1.0
    assert arrivals.estimated_share((0, SECOND), (4 * SECOND, 6 * SECOND)) == 0.5


def test_only_what_arrives_in_the_window_counts() -> None:
    times = np.array([0, 1, 2, 3, 4]) * SECOND

    estimate = rate(times, np.array([1.0, 10.0, 10.0, 10.0, 1.0]), (SECOND, 4 * SECOND), SECOND)

    assert (estimate.value, estimate.n) == (10.0, 3)


def test_an_empty_window_has_no_rate_and_an_idle_one_rate_zero() -> None:
    assert rate(np.array([1.0]), np.ones(1), (5, 5), 1).value is None
    assert rate(np.array([1.0]), np.ones(1), (5, 5 + SECOND), 1).value == 0.0


@pytest.mark.parametrize(("request_s", "shown"), [(2.0, True), (2.1, False)])
def test_fewer_than_five_batches_give_no_interval(request_s: float, shown: bool) -> None:
    estimate = rate(np.arange(100) * SECOND / 10, np.ones(100), (0, 10 * SECOND), request_s * SECOND)

    assert estimate.shown is shown
    assert estimate.value == 10.0


def test_a_steady_rate_has_a_narrow_interval_and_never_a_negative_end() -> None:
    steady = rate(np.arange(1000) * SECOND / 10, np.ones(1000), (0, 100 * SECOND), SECOND)
    bursts = rate(np.full(9, 5 * SECOND), np.ones(9), (0, 100 * SECOND), SECOND)

    assert (steady.lo, steady.hi) == pytest.approx((10.0, 10.0))
    assert bursts.lo == 0.0


@pytest.mark.parametrize("seconds", [5, 20, 60])
def test_a_95_percent_interval_of_arrivals_at_random_covers_93_to_97_percent(seconds: int) -> None:
    rng = np.random.default_rng(seconds)
    covered = 0
    for _ in range(2000):
        times = rng.uniform(0, seconds * SECOND, rng.poisson(10 * seconds))
        estimate = rate(times, np.ones(len(times)), (0, seconds * SECOND), SECOND)
        covered += estimate.lo is not None and estimate.hi is not None and estimate.lo <= 10 <= estimate.hi

    assert 1860 <= covered <= 1940


@pytest.mark.parametrize("users", [1, 8])
def test_and_of_tokens_from_a_closed_loop_too(users: int) -> None:
    """Users who wait about 1 s, read 128 tokens at about 100 a second and ask again: 56 tokens/s each."""
    rng = np.random.default_rng(users)
    truth = users * 128 / (1 + 127 / 100)
    covered = sum(_covers(rng, users, truth) for _ in range(300))

    assert 0.93 * 300 <= covered <= 0.99 * 300


def _covers(rng: np.random.Generator, users: int, truth: float) -> bool:
    waits, paces = rng.gamma(10, 0.1, (users, 60)), rng.gamma(10, 0.001, (users, 60))
    starts = np.cumsum(waits + 127 * paces, axis=1) - 127 * paces
    times = (starts[..., None] + paces[..., None] * np.arange(128)).ravel() * SECOND
    estimate = rate(times, np.ones(len(times)), (20 * SECOND, 80 * SECOND), 2.5 * SECOND)
    return estimate.lo is not None and estimate.hi is not None and estimate.lo <= truth <= estimate.hi
