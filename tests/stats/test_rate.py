"""A token counts when it arrives."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.stats.batch import batch_totals
from firsttoken.stats.estimate import Estimate
from firsttoken.stats.rate import Arrivals, cell_edges, count_arrivals, estimated_share, token_rate, usual_tokens

SECOND = 1_000_000_000
ALL = (0, 1_000 * SECOND)


def count(
    first_ns: list[float], gaps_us: list[list[int]], tokens: list[float], window: tuple[int, int] = ALL
) -> Arrivals:
    counts = np.array([len(gaps) for gaps in gaps_us], dtype=np.int64)
    flat = np.array([gap for gaps in gaps_us for gap in gaps], dtype=np.int64)
    return count_arrivals(np.array(first_ns, dtype=np.float64), counts, flat, np.array(tokens, dtype=float), window)


def rate(times_ns: np.ndarray, weights: np.ndarray, window: tuple[int, int], request_ns: float) -> Estimate:
    """The rate of single events of so many tokens each."""
    none = np.zeros(0, dtype=np.int64)
    one_event = np.zeros(len(times_ns), dtype=np.int64)
    arrived = count_arrivals(np.asarray(times_ns, dtype=np.float64), one_event, none, weights, window)
    return token_rate(arrived, 1.0, request_ns)


def test_tokens_are_spread_evenly_over_the_token_events() -> None:
    """Three events of two tokens, of which the window cuts off the last; and one that holds all four."""
    arrived = count([1000.0, 500.0], [[1, 2], []], [6.0, 4.0], window=(0, 4000))

    assert (arrived.events.sum(), arrived.tokens(1.0).sum()) == (3, 8.0)
    assert estimated_share([arrived], 1.0) == 0.0


def test_an_uncounted_stream_gets_as_many_tokens_an_event_as_the_others_had() -> None:
    tokens = np.array([6.0, math.nan])
    usual = usual_tokens(tokens, np.array([3, 2]))
    arrived = count([0.0, 0.0], [[1, 1], [1]], tokens.tolist())

    assert arrived.tokens(usual).sum() == 10.0
    assert estimated_share([arrived], usual) == pytest.approx(4 / 10)


def test_where_none_was_counted_an_event_is_taken_for_a_token() -> None:
    usual = usual_tokens(np.array([math.nan]), np.array([3]))
    arrived = count([0.0], [[1, 1]], [math.nan])

    assert (arrived.tokens(usual).sum(), estimated_share([arrived], usual)) == (3.0, 1.0)


def test_no_streams_bring_no_tokens() -> None:
    nothing, no_token = count([], [], []), count([math.nan], [[]], [4.0])

    assert (nothing.events.sum(), nothing.tokens(1.0).sum(), estimated_share([nothing], 1.0)) == (0, 0, 0)
    assert (no_token.events.sum(), no_token.tokens(1.0).sum()) == (0, 0)


@given(
    st.lists(
        st.tuples(st.integers(0, 10_000_000), st.lists(st.integers(0, 2_000), max_size=8), st.integers(1, 99)),
        min_size=1,
    ),
    st.tuples(st.integers(0, 5_000_000), st.integers(1_000, 9_000_000)),
    st.integers(1, 20),
)
def test_cells_hold_what_a_loop_would_find_in_any_number_of_batches(
    attempts: list[tuple[int, list[int], int]], span: tuple[int, int], batches: int
) -> None:
    window = (span[0], sum(span))
    arrived = count(*(list(each) for each in zip(*attempts, strict=True)), window=window)

    events = [
        (first + 1000 * sum(gaps[:place]), tokens / (len(gaps) + 1))
        for first, gaps, tokens in attempts
        for place in range(len(gaps) + 1)
    ]
    at_ns, tokens = np.array([at for at, _ in events]), np.array([tokens for _, tokens in events])
    expected = batch_totals(at_ns, tokens, window, batches)
    starts = [window[0] - (-span[1] * place // batches) for place in range(batches)]
    totals = np.add.reduceat(arrived.reported, np.searchsorted(cell_edges(window), starts))
    assert totals[np.diff([*starts, window[1]]) > 0] == pytest.approx(expected[np.diff([*starts, window[1]]) > 0])
    assert arrived.events.sum() == sum(window[0] <= at < window[1] for at, _ in events)


def test_the_ends_of_every_number_of_batches_cut_a_window_into_128_cells() -> None:
    assert len(cell_edges((7, 7 + 10**9))) == 129


def test_counts_of_parts_add_up_to_the_counts_of_all() -> None:
    parts = count([0.0], [[5, 5]], [6.0]) + count([1000.0, 3e9], [[1], []], [math.nan, 2.0])
    whole = count([0.0, 1000.0, 3e9], [[5, 5], [1], []], [6.0, math.nan, 2.0])

    for name in ("events", "reported", "unreported"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_the_estimated_share_is_that_of_what_arrived_in_the_windows() -> None:
    early, late = (
        count([0.0, 5e9], [[], []], [4.0, math.nan], window=window)
        for window in ((0, SECOND), (4 * SECOND, 6 * SECOND))
    )

    assert estimated_share([late], 4.0) == 1.0
    assert estimated_share([early, late], 4.0) == 0.5


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
