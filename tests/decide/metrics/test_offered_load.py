"""What an open loop alone can tell."""

import pytest

from firsttoken.decide.metrics.table import TERMS, measure
from tests.decide.hand import build_window, key, row


def ten_a_second(count: int = 100, late: float = 0.0):
    return [
        row(f"r{n}", user=n, intended=n * 100, sent=n * 100 + late, first=n * 100 + 400, last=n * 100 + 1000)
        for n in range(count)
    ]


def test_a_closed_loop_has_no_schedule():
    [arrivals, lateness] = [term for term in TERMS if term.name in ("Arrivals", "Lateness")]
    told = {place.metric for place in measure(build_window(ten_a_second()))}

    assert not told & {*arrivals.metrics, *lateness.metrics}


def test_what_came_in_and_what_was_answered_in_the_window_are_told_apart():
    """The last ten of a hundred are answered after the window of ten seconds."""
    results = measure(build_window(ten_a_second(), by="rate", dropped=20))

    assert results[key("arrivals_rps")].value == 12.0
    assert results[key("answered_rps")].value == 9.0
    assert results[key("dropped")].value == 20


def test_answers_to_requests_that_came_before_the_window_count_as_answered():
    early = [row("early", user=200, phase="settle", intended=-500, first=100, last=500)]

    assert measure(build_window(early + ten_a_second(), by="rate"))[key("answered_rps")].value == 9.1


def test_lateness_is_what_the_schedule_lost():
    results = measure(build_window(ten_a_second(late=3.0), by="rate"))

    assert results[key("lateness_ms", 0.5)].value == pytest.approx(3.0)
    assert results[key("lateness_max_ms")].value == pytest.approx(3.0)
    assert not results[key("lateness_ms", 0.99)].shown
