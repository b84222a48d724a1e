"""A window falls into equal spans."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.stats.batch import BATCHES, batch_count, batch_totals


@pytest.mark.parametrize(
    ("window", "request_ns", "batches"),
    [((0, 100), 5, 20), ((0, 99), 5, 19), ((7, 107), 1, 20), ((0, 100), 0, 20), ((0, 100), 101, 0), ((5, 5), 1, 0)],
)
def test_as_many_batches_as_are_longer_than_a_request(window: tuple[int, int], request_ns: float, batches: int) -> None:
    assert batch_count(window, request_ns) == batches


def test_weights_fall_into_the_span_of_their_time() -> None:
    times, weights = np.array([9, 10, 14, 15, 29, 30]), np.array([100.0, 1.0, 2.0, 4.0, 8.0, 100.0])

    assert batch_totals(times, weights, (10, 30), 4).tolist() == [3.0, 4.0, 0.0, 8.0]


@given(st.lists(st.integers(-50, 1500), max_size=60), st.integers(1, 999), st.integers(1, BATCHES))
def test_nothing_within_the_window_is_lost_and_nothing_outside_counts(
    times: list[int], length: int, batches: int
) -> None:
    at = np.array(times, dtype=np.int64)

    totals = batch_totals(at, np.ones(len(at)), (100, 100 + length), batches)

    assert len(totals) == batches
    assert totals.sum() == sum(100 <= time < 100 + length for time in times)
