"""A level measures until the report's own interval of a figure is narrow, and no interval is believed too soon."""

import math
import random
import time

import numpy as np
import pytest

from firsttoken.decide.measure.attempts import group_requests
from firsttoken.decide.measure.latency import measure_latencies
from firsttoken.load.control.precision import find_value, is_narrow, read_metric
from firsttoken.load.control.slo import LatencyLimits
from firsttoken.row import Row
from firsttoken.stats.effective import effective_size
from firsttoken.stats.quantile import quantile_interval
from tests.decide.hand import build_window, row, take
from tests.load.control.test_slo import draw_request

SECOND = 1_000_000_000
MINUTE = (0, 60 * SECOND)


def spread(n: int, window: tuple[int, int] = MINUTE) -> np.ndarray:
    return np.linspace(window[0], window[1] - 1, n).astype(np.int64)


def half_width(values: np.ndarray, at_ns: np.ndarray, q: float, request_ns: float) -> float:
    """Of the interval in the report, as a share of the value."""
    figure = quantile_interval(values, q, effective_size(at_ns, values, MINUTE, request_ns, q).n_eff)
    assert figure.lo is not None and figure.hi is not None and figure.value is not None
    return (figure.hi - figure.lo) / 2 / figure.value


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_it_is_narrow_when_the_interval_of_the_page_is(q: float) -> None:
    values, at_ns = np.random.default_rng(1).lognormal(6, 0.4, 2000), spread(2000)
    width = half_width(values, at_ns, q, SECOND)

    assert is_narrow(values, at_ns, MINUTE, q, width * 1.001, SECOND)
    assert not is_narrow(values, at_ns, MINUTE, q, width * 0.999, SECOND)


def test_the_interval_is_the_one_that_the_report_prints() -> None:
    """The same rows through the report's own observation: the page's half-width is where the answer turns."""
    rng = np.random.default_rng(2)
    rows = [
        row(f"r{number}", intended=number * 20, first=number * 20 + 300 * rng.lognormal(0, 0.3), end=number * 20 + 400)
        for number in range(500)
    ]
    data = build_window(rows, window=(0, 10_000))
    values = data.latencies["ttft_ms"].value
    shown = quantile_interval(values, 0.95, data.effective(data.measured, values, 0.95))
    width = (shown.hi - shown.lo) / 2 / shown.value

    taken = [find_value("ttft_ms", [each]) for each in rows]
    asked = (taken, [each.intended_ns for each in rows], data.windows[0], 0.95)
    assert is_narrow(*asked, width * 1.001, data.request_ns)
    assert not is_narrow(*asked, width * 0.999, data.request_ns)


def test_neighbours_that_are_alike_make_it_wider() -> None:
    rng = np.random.default_rng(3)
    waves = np.repeat(rng.lognormal(6, 0.4, 50), 40)
    shuffled = rng.permutation(waves)

    assert is_narrow(shuffled, spread(2000), MINUTE, 0.5, 0.06, SECOND)
    assert not is_narrow(waves, spread(2000), MINUTE, 0.5, 0.06, SECOND)


def test_a_window_of_fewer_than_20_requests_one_after_the_other_is_not_believed() -> None:
    values, at_ns = np.full(2000, 400.0), spread(2000)

    assert is_narrow(values, at_ns, MINUTE, 0.95, 0.05, 3 * SECOND)
    assert not is_narrow(values, at_ns, MINUTE, 0.95, 0.05, 3.1 * SECOND)


@pytest.mark.parametrize(("n", "narrow"), [(0, False), (58, False), (59, True)])
def test_an_interval_without_two_ends_is_not_narrow(n: int, narrow: bool) -> None:
    assert is_narrow([400.0] * n, spread(n).tolist(), MINUTE, 0.95, 0.05, SECOND) is narrow


def test_a_figure_that_may_be_infinite_is_not_narrow() -> None:
    values = np.array([400.0] * 1000 + [math.inf] * 50)

    assert not is_narrow(values, spread(1050), MINUTE, 0.95, 0.05, SECOND)
    assert is_narrow(values, spread(1050), MINUTE, 0.5, 0.05, SECOND)


def test_an_interval_that_was_waited_for_still_covers_what_it_says() -> None:
    """Looked at each second until the median is known within 5 %: nearly 95 of 100 hold the true one."""
    rng = np.random.default_rng(4)
    covered = [_cover(rng) for _ in range(100)]

    assert np.mean(covered) > 0.91


def _cover(rng: np.random.Generator) -> bool:
    values, at_ns = rng.lognormal(0, 0.4, 3000), np.arange(3000) * SECOND // 10
    for second in range(15, 300):
        n, window = 10 * second, (0, second * SECOND)
        if is_narrow(values[:n], at_ns[:n], window, 0.5, 0.05, SECOND / 2):
            n_eff = effective_size(at_ns[:n], values[:n], window, SECOND / 2, 0.5).n_eff
            figure = quantile_interval(values[:n], 0.5, n_eff)
            return figure.lo <= 1.0 <= figure.hi
    raise AssertionError("expected 3000 values to be enough for 5 %")


def test_a_hundred_thousand_values_hold_nobody_up() -> None:
    values, at_ns = np.random.default_rng(5).lognormal(6, 0.4, 100_000), spread(100_000)

    begun = time.process_time()
    is_narrow(values, at_ns, MINUTE, 0.95, 0.05, SECOND)

    assert time.process_time() - begun < 0.2


def reported(metric: str, rows: list[Row]) -> float | None:
    attempts = take(rows)
    requests = group_requests(attempts, float("nan"))
    value = float(measure_latencies(attempts, requests)[metric].value[0])
    return None if math.isnan(value) else value


@pytest.mark.parametrize("metric", LatencyLimits._fields)
def test_a_request_adds_to_a_figure_what_it_adds_in_the_report(metric: str) -> None:
    rng = random.Random(6)
    requests = [draw_request(rng)[0] for _ in range(300)]

    values = [find_value(metric, rows) for rows in requests]
    assert values == [reported(metric, rows) for rows in requests]
    assert sum(value is not None for value in values) > 10


def test_a_metric_is_a_latency_and_a_quantile() -> None:
    assert read_metric("ttft_p95") == ("ttft_ms", 0.95)
    assert read_metric("felt_ttft_p50") == ("felt_ttft_ms", 0.5)


@pytest.mark.parametrize("text", ["ttft", "speed_p95", "ttft_pxx"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a latency and a quantile"):
        read_metric(text)
