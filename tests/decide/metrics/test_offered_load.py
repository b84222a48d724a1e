"""What an open loop alone can tell."""

import pytest

from firsttoken.decide.metrics.combine import relate_metrics
from firsttoken.decide.metrics.offered_load import keeps_up
from firsttoken.decide.metrics.table import TERMS, measure
from firsttoken.decide.metrics.value import MetricValue
from tests.decide.hand import build_window, key, result, row


def ten_a_second(count: int = 100, late: float = 0.0):
    return [
        row(f"r{n}", user=n, intended=n * 100, sent=n * 100 + late, first=n * 100 + 400, last=n * 100 + 1000)
        for n in range(count)
    ]


def test_a_closed_loop_has_no_schedule():
    [arrivals, lateness] = [term for term in TERMS if term.name in ("Arrivals", "Lateness")]
    reported = {place.metric for place in measure(build_window(ten_a_second()))}

    assert not reported & {*arrivals.metrics, *lateness.metrics}


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


def relate(answered: int, busy: float = 8.0, turns: int = 1) -> MetricValue:
    """The answered ratio of a window in which 100 arrivals came."""
    found = [
        result("arrivals_rps", 10.0),
        result("answered_rps", answered / 10, n=answered),
        result("users_busy", busy),
    ]
    [ratio] = relate_metrics(found, turns)
    return ratio


def test_what_lies_over_the_edges_of_the_window_is_chance_in_the_answered_ratio():
    ratio = relate(answered=90)

    assert (ratio.metric, ratio.value, ratio.n) == ("answered_ratio", 0.9, 100)
    assert (ratio.lo, ratio.hi) == pytest.approx((0.9 - 0.08, 0.9 + 0.08))


@pytest.mark.parametrize(
    ("answered", "busy", "kept"), [(96, 0.0, True), (94, 0.0, False), (90, 8.0, True), (80, 8.0, False)]
)
def test_a_service_keeps_up_that_answers_what_comes_in_but_for_chance(answered, busy, kept):
    assert keeps_up(relate(answered, busy)) is kept


def test_of_sessions_every_turn_is_due():
    assert relate(answered=90, turns=3).value == pytest.approx(0.3)
