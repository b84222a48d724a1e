"""What the client takes, how steady a window was, and how far a median is from what is published."""

import pytest

from firsttoken.decide.metrics.client import cpu_share, difference, drift
from firsttoken.decide.metrics.table import measure
from tests.decide.hand import build_window, healthy, key, result, row


def slowing(count: int, ttft_ms: float = 400.0, later_ms: float = 480.0):
    """Requests spread over a window of ten seconds; those of its second half wait longer."""
    at = [10_000 * number // count for number in range(count)]
    waits = [ttft_ms if begun < 5000 else later_ms for begun in at]
    return [row(f"r{begun}", intended=begun, first=begun + wait) for begun, wait in zip(at, waits, strict=True)]


def test_drift_is_the_second_half_of_the_window_against_the_first():
    assert measure(build_window(slowing(20)))[key("ttft_drift")].value == pytest.approx(0.2)


def test_drift_is_unknown_with_fewer_than_five_first_tokens_in_a_half():
    assert drift(build_window(slowing(8))).value is None


def test_the_core_that_was_used_is_that_of_the_seconds_of_the_window():
    data = build_window(slowing(20))
    lines = [*healthy(1, 2, cpu_share=0.2), *healthy(3, cpu_share=0.5), *healthy(60, cpu_share=1.0)]

    assert cpu_share(data, lines).value == pytest.approx(0.3)
    assert cpu_share(data, []).value is None
    assert measure(data, lines)[key("client_cpu_share")].n == 3


def test_the_distance_from_what_is_published_keeps_its_interval():
    found = difference(result("ttft_ms", 110.0, 99.0, 121.0, q=0.5), 100.0)

    assert (found.value, found.lo, found.hi) == pytest.approx((0.1, -0.01, 0.21))
