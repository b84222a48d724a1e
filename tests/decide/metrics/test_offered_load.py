"""What an open loop alone can tell."""

import pytest

from firsttoken.decide.metrics.offered_load import measure_arrivals
from tests.decide.hand import build_window, row


def ten_a_second(count: int = 100, late: float = 0.0):
    return [
        row(f"r{n}", user=n, intended=n * 100, sent=n * 100 + late, first=n * 100 + 400, last=n * 100 + 1000)
        for n in range(count)
    ]


def test_a_closed_loop_has_no_schedule():
    assert measure_arrivals(build_window(ten_a_second())) == {}


def test_what_came_in_and_what_was_answered_in_the_window_are_told_apart():
    """The last ten of a hundred are answered after the window of ten seconds."""
    results = measure_arrivals(build_window(ten_a_second(), by="rate", dropped=20))

    assert results["arrivals_rps", None].value == 12.0
    assert results["answered_rps", None].value == 9.0
    assert results["dropped", None].value == 20


def test_answers_to_requests_that_came_before_the_window_count_as_answered():
    early = [row("early", user=200, phase="settle", intended=-500, first=100, last=500)]

    assert measure_arrivals(build_window(early + ten_a_second(), by="rate"))["answered_rps", None].value == 9.1


def test_lateness_is_what_the_schedule_lost():
    results = measure_arrivals(build_window(ten_a_second(late=3.0), by="rate"))

    assert results["lateness_ms", 0.5].value == pytest.approx(3.0)
    assert results["lateness_max_ms", None].value == pytest.approx(3.0)
    assert not results["lateness_ms", 0.99].shown
