"""A digest steers: it must be near the truth, bounded, and the same however its parts were counted."""

import math
import random

from firsttoken.load.control.histogram import Digest


def digest_of(values: list[int]) -> Digest:
    digest = Digest()
    for value in values:
        digest.add(value)
    return digest


def test_a_quantile_is_within_a_bucket_of_the_order_statistic() -> None:
    draw = random.Random(1)
    values = sorted(round(draw.lognormvariate(20, 1.5)) for _ in range(5000))

    for q in (0.0, 0.5, 0.95, 0.99, 1.0):
        exact = values[max(1, math.ceil(q * len(values) - 1e-9)) - 1]
        assert exact / 1.011 <= (digest_of(values).quantile(q) or 0) <= exact * 1.011


def test_two_digests_add_up_to_that_of_the_union() -> None:
    draw = random.Random(2)
    values = [draw.randrange(1, 10**11) for _ in range(2000)]
    first, second = digest_of(values[::2]), digest_of(values[1::2])

    first.join(second)

    assert first == digest_of(values)


def test_a_million_durations_take_no_more_room_than_the_range_of_them() -> None:
    digest = Digest()
    for value in range(1, 1_000_000, 7):
        digest.add(value * 1_000)

    assert len(digest.buckets) < 1_500


def test_nothing_has_no_quantile() -> None:
    assert Digest().quantile(0.5) is None


def test_the_median_of_an_even_count_is_the_lower_one_as_in_the_report() -> None:
    assert (digest_of([100, 1_000_000]).quantile(0.5) or 0) < 102
