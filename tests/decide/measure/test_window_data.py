"""Several stages together are what their rows are together."""

import numpy as np
import pytest

from firsttoken.decide.measure.slo import SloLimits
from firsttoken.decide.measure.window_data import pool, read_window
from firsttoken.decide.metrics.table import measure
from firsttoken.results.stage import Stage
from tests.decide.hand import MS, PRICED, build_window, gaps_of, key, row, take

SLO = SloLimits({"ttft_ms": 1000.0}, 0.95)


def repeat(number: int, ttfts: list[float], begin: float) -> object:
    rows = [
        row(f"{number}-{place}", intended=begin + 100 * place, first=begin + 100 * place + ttft,
            last=begin + 100 * place + ttft + 500, output=51)
        for place, ttft in enumerate(ttfts)
    ]  # fmt: skip
    return build_window(rows, SLO, window=(begin, begin + 10_000), end=begin + 12_000, level=4, repeat=number)


FIRST, SECOND = [500.0, 700, 1200], [600.0, 800, 900, 1500]
TOGETHER = pool([repeat(0, FIRST, 0), repeat(1, SECOND, 50_000)])


def test_pooled_quantiles_are_those_of_all_rows():
    results = measure(TOGETHER)

    for q in (0.5, 0.95, 0.99):
        by_hand = np.quantile([*FIRST, *SECOND], q, method="inverted_cdf")
        assert results[key("ttft_ms", q, level=4, repeat=None)].value == pytest.approx(by_hand)


def test_pooled_shares_and_rates_count_all_rows_over_all_windows():
    results = measure(TOGETHER)

    assert results[key("attainment", level=4, repeat=None)].value == pytest.approx(5 / 7)
    assert results[key("request_rps", level=4, repeat=None)].value == pytest.approx(7 / 20)
    assert results[key("goodput_rps", level=4, repeat=None)].value == pytest.approx(5 / 20)
    assert results[key("system_tok_s", level=4, repeat=None)].value == pytest.approx(7 * 51 / 20)
    assert results[key("users_busy", level=4, repeat=None)].value == pytest.approx(
        (sum(FIRST) + sum(SECOND) + 7 * 500) / 20_000
    )
    assert results[key("dollars", level=4, repeat=None)].value == pytest.approx(7 * (100 * 3e-6 + 51 * 12e-6))


def test_windows_of_different_length_count_by_their_length():
    """40 tokens in 1 s and 40 in 9 s are 80 in 10 s."""
    short = build_window([row("a", first=10, last=800, output=40)], SLO, window=(0, 1000))
    later = [row("b", intended=5000, first=5010, last=5800, output=40)]
    long = build_window(later, SLO, window=(5000, 14_000), repeat=1)

    assert measure(pool([short, long]))[key("system_tok_s", repeat=None)].value == pytest.approx(8)


def test_repeats_taken_together_are_no_repeat():
    assert (TOGETHER.level, TOGETHER.repeat) == (4, None)
    assert len(TOGETHER.windows) == 2
    assert pool([repeat(1, SECOND, 0)]).repeat == 1


def test_one_stage_pooled_is_that_stage():
    alone = repeat(0, FIRST, 0)

    assert measure(pool([alone])) == measure(alone)


def test_a_stage_that_never_came_to_its_window_is_still_counted():
    stage = Stage(stage=0, target="model", level=4, repeat=0, users=4, started=1)
    rows = [row("a", first=10, last=90, output=9, phase="ramp")]
    data = read_window(stage, take(rows), gaps_of(rows), SLO, PRICED)
    results = measure(data)

    assert results[key("dollars", level=4)].value == pytest.approx(100 * 3e-6 + 9 * 12e-6)
    assert key("attainment", level=4) not in results


def test_the_length_of_a_request_is_its_slow_end():
    assert build_window([row("a", first=9, end=900), row("b", first=9, end=1800)]).request_ns == 1800 * MS
    assert build_window([]).request_ns == 0
