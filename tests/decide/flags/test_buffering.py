"""Answers that were held back on their way: no pace, and a flag where there are more than a few."""

import math

import numpy as np
import pytest

from firsttoken.decide.flags.buffering import find_buffered
from firsttoken.decide.measure.slo import SloLimits
from firsttoken.decide.metrics.table import measure
from firsttoken.row import BUFFERED, Row
from tests.decide.hand import build_window, key, row, said


def burst(number: int, output: int | None = 100, events: int = 100) -> Row:
    """All tokens at once, after half a second."""
    at = 10 * number
    return row(
        f"b{number:03}",
        intended=at,
        first=at + 500,
        last=at + 500,
        output=output,
        token_events=events,
        checks=[BUFFERED],
    )


def stream(number: int) -> Row:
    at = 10 * number
    return row(f"s{number:03}", intended=at, first=at + 100, last=at + 1090, output=100)


def test_a_level_of_bursts_is_told_with_their_share():
    found = find_buffered(build_window([burst(n) for n in range(3)] + [stream(n) for n in range(1)]))

    assert said(found).startswith("75 % of answers came whole or in one burst")
    assert (found.value, found.bound) == (0.75, 0.05)


@pytest.mark.parametrize(("bursts", "reported"), [(0, False), (5, False), (6, True)])
def test_a_few_bursts_in_a_hundred_are_chance(bursts, reported):
    rows = [burst(n) for n in range(bursts)] + [stream(n) for n in range(100 - bursts)]

    assert (find_buffered(build_window(rows)) is not None) == reported


def test_short_answers_come_at_once_anyway():
    assert find_buffered(build_window([burst(n, output=7) for n in range(9)])) is None
    assert find_buffered(build_window([burst(n, output=8) for n in range(9)])) is not None


def test_answers_without_usage_count_by_what_was_seen_of_them():
    assert find_buffered(build_window([burst(n, output=None) for n in range(9)])) is not None


@pytest.mark.parametrize("events", [1, 100])
def test_the_pace_of_a_burst_is_unknown_and_not_nothing(events):
    results = measure(build_window([burst(n, events=events) for n in range(20)], SloLimits({"tpot_ms": 20.0}, 0.8)))

    for metric in ("tpot_ms", "stream_tok_s", "stall_ms"):
        assert results[key(metric, 0.5)].value is None
    assert results[key("late_share")].value is None
    assert results[key("ttft_ms", 0.5)].value == 500


def test_an_slo_of_a_pace_is_neither_met_nor_missed_by_a_burst():
    data = build_window([burst(0), stream(0)], SloLimits({"tpot_ms": 20.0}, 0.8))

    assert data.judged.undecided.tolist() == [True, False]
    assert measure(data)[key("attainment")].at_least


def test_streams_beside_bursts_keep_their_pace():
    results = measure(build_window([burst(0), *(stream(n) for n in range(20))]))

    assert results[key("tpot_ms", 0.5)].value == pytest.approx(10)
    assert math.isclose(results[key("stall_ms", 0.5)].value, 10, rel_tol=1e-3)
    assert results[key("tpot_ms", 0.5)].n == 20
    assert not np.isnan(results[key("system_tok_s")].value)
