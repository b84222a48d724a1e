"""How soon a service comes back after a spike."""

import numpy as np
import pytest

from firsttoken.decide.measure.recovery import find_recovery, slide
from firsttoken.decide.measure.workload import Spike
from firsttoken.row import Row
from tests.decide.hand import build_window, row

SPIKE = Spike(begins_s=30.0, lasts_s=10.0)
WINDOW = (0, 120_000)


def load_profile(back_s: float, length_s: float = 120, every_s: float = 0.25, **slow: object) -> list[Row]:
    """Requests every quarter of a second: their first word takes 500 ms, and 3 s from the spike until it is back."""
    rows = []
    for n in range(int(length_s / every_s)):
        at = n * every_s
        struck = SPIKE.begins_s <= at < back_s
        wait = 3000 if struck else 500 + n % 7
        rows.append(row(f"r{n:04}", user=n, intended=1000 * at, first=1000 * at + wait, last=1000 * at + wait + 100))
        if struck and slow:
            rows[-1] = row(f"r{n:04}", user=n, intended=1000 * at, end=1000 * at + 100, **slow)
    return rows


def recover(rows: list[Row], spike: Spike = SPIKE):
    return find_recovery(build_window(rows, window=WINDOW, end=130_000, by="rate"), spike)


@pytest.mark.parametrize("back_s", [45.0, 60.0, 90.0])
def test_recovery_is_counted_from_the_end_of_the_spike(back_s):
    """A window of 5 s is back while no more than one of its 20 requests is slow."""
    assert recover(load_profile(back_s)).took_s == pytest.approx(back_s - SPIKE.ends_s, abs=0.5)


def test_a_spike_that_nobody_noticed_is_over_when_it_ends():
    assert recover(load_profile(back_s=0.0)).took_s == 0.0


def test_what_does_not_come_back_takes_longer_than_was_looked():
    recovery = recover(load_profile(back_s=500.0))

    assert recovery.took_s is None
    assert recovery.looked_s == pytest.approx(75.0)
    assert (recovery.estimate.value, recovery.estimate.at_least) == (75_000, True)


def test_users_who_failed_are_not_back():
    recovery = recover(load_profile(back_s=60.0, outcome="http_5xx"))

    assert recovery.took_s == pytest.approx(20.0, abs=0.5)
    assert np.isinf(recovery.p95_ms).any()


def test_without_an_interval_of_the_base_nobody_can_tell():
    """Ten seconds of a request each second are no base for a p95."""
    recovery = recover(load_profile(back_s=60.0, every_s=1.0), Spike(10.0, 10.0))

    assert recovery.limit_ms is None
    assert recovery.took_s is None
    assert recovery.estimate.value is None


def test_a_window_holds_twenty_requests_of_the_base():
    assert recover(load_profile(back_s=60.0)).window_s == 5.0
    assert recover(load_profile(back_s=60.0, every_s=0.5)).window_s == 10.0


def test_a_window_with_too_few_requests_says_nothing():
    at, values = np.arange(10.0), np.ones(10)

    assert np.isnan(slide(at, values, np.array([8.0]), 5.0)).all()
    assert slide(at, values, np.array([0.0]), 5.0).tolist() == [1.0]
