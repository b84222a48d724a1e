"""A histogram steers: it must be near the truth, bounded, and the same however its parts were counted."""

import math
import random

from firsttoken.load.control.histogram import Histogram


def histogram_of(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


def test_a_quantile_is_within_a_bucket_of_the_order_statistic() -> None:
    draw = random.Random(1)
    values = sorted(round(draw.lognormvariate(20, 1.5)) for _ in range(5000))

    for q in (0.0, 0.5, 0.95, 0.99, 1.0):
        exact = values[max(1, math.ceil(q * len(values) - 1e-9)) - 1]
        assert exact / 1.011 <= (histogram_of(values).quantile(q) or 0) <= exact * 1.011


def test_two_histograms_add_up_to_that_of_the_union() -> None:
    draw = random.Random(2)
    values = [draw.randrange(1, 10**11) for _ in range(2000)]
    first, second = histogram_of(values[::2]), histogram_of(values[1::2])

    first.join(second)

    assert first == histogram_of(values)


def test_a_million_durations_take_no_more_room_than_the_range_of_them() -> None:
    histogram = Histogram()
    for value in range(1, 1_000_000, 7):
        histogram.add(value * 1_000)

    assert len(histogram.buckets) < 1_500


def test_nothing_has_no_quantile() -> None:
    assert Histogram().quantile(0.5) is None


def test_the_median_of_an_even_count_is_the_lower_one_as_in_the_report() -> None:
    assert (histogram_of([100, 1_000_000]).quantile(0.5) or 0) < 102
