"""Estimates become results, and runs become one result."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from firsttoken.decide.measure.bill import Bill
from firsttoken.decide.measure.demand import Need
from firsttoken.decide.metrics.combine import (
    add_up,
    combine_repeats,
    list_metrics,
    relate_levels,
    write_bill,
    write_need,
)
from firsttoken.stats.estimate import Estimate
from tests.decide.hand import result

TTFT = ("ttft_ms", 0.5)
KEPT = ("attainment", None)


def estimate(value: float, half: float = 0.0, n: int = 100) -> Estimate:
    return Estimate(value, value - half, value + half, n, float(n))


def combine(key: tuple[str, float | None], pooled: Estimate, *runs: Estimate) -> Estimate:
    return combine_repeats({key: pooled}, [{key: run} for run in runs])[key]


@given(st.lists(st.floats(100, 2000), min_size=2, max_size=6))
def test_the_interval_over_repeats_is_students_t_over_the_runs(values):
    pooled = float(np.median(values))
    combined = combine(TTFT, estimate(pooled), *map(estimate, values))
    half = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / math.sqrt(len(values))

    assert combined.value == pooled
    assert combined.hi == pytest.approx(pooled + half)
    assert combined.lo == pytest.approx(max(0, pooled - half))


def test_runs_that_happen_to_agree_do_not_make_a_result_certain():
    """Three runs of 100 % say t = 0; 18 requests still only show 81 %."""
    every = Estimate(1.0, 0.81, 1.0, 18, 18.0)
    combined = combine(KEPT, every, *[Estimate(1.0, 0.54, 1.0, 6, 6.0)] * 3)

    assert (combined.value, combined.lo, combined.hi) == (1.0, 0.81, 1.0)


def test_a_share_does_not_pass_one():
    assert combine(KEPT, estimate(0.95, 0.01), estimate(0.9), estimate(1.0)).hi == 1


def test_a_quantile_of_too_few_requests_is_not_shown_because_there_are_several_runs():
    few = Estimate(700.0, None, None, 20, 20.0)

    assert not combine(("ttft_ms", 0.99), few, few, few).shown


def test_a_quantile_that_is_infinite_in_one_run_keeps_the_interval_of_the_rows():
    pooled = Estimate(900.0, 700.0, math.inf, 80, 80.0)

    assert (
        combine(("felt_ttft_ms", 0.95), pooled, estimate(800.0), Estimate(math.inf, 700.0, math.inf, 40, 40)) == pooled
    )


@pytest.mark.parametrize("metric", ["requests", "dollars", "retry_tax", "quota_used_share"])
def test_what_does_not_scatter_around_a_mean_is_taken_as_it_is(metric):
    pooled = Estimate(30.0, 29.0, 31.0, 9, 9.0)

    assert combine((metric, None), pooled, estimate(10.0), estimate(20.0)) == pooled


def test_a_single_run_is_itself():
    assert combine(TTFT, estimate(500.0, 7.0), estimate(500.0, 7.0)) == estimate(500.0, 7.0)


@pytest.mark.parametrize(
    ("key", "told", "flags"),
    [
        (TTFT, Estimate(1.0, None, None, 3, 3.0), ("UNDERSAMPLED",)),
        (TTFT, Estimate(1.0, 0.5, math.inf, 30, 30.0, at_least=True), ("CENSORED",)),
        (("retry_tax", None), Estimate(1.2, 1.1, 1.3, 30, 30.0), ("ESTIMATE",)),
        (("retry_tax", None), Estimate(1.2, None, None, 30, 30.0), ()),
        (("request_rps", None), Estimate(1.2, None, None, 30, 30.0), ()),
    ],
)
def test_a_result_says_what_a_reader_must_know_of_it(key, told, flags):
    (written,) = list_metrics({key: told}, target="model", level=4.0, repeat=0)

    assert written.flags == flags


def test_a_void_level_marks_each_of_its_results():
    (written,) = list_metrics({TTFT: estimate(1.0)}, target="m", level=4.0, repeat=0, voided_by=["CLIENT_LIMITED"])

    assert written.flags == ("CLIENT_LIMITED",)


def test_levels_are_related_to_the_least_loaded():
    ladder = [result("system_tok_s", value, level=level) for level, value in ((1.0, 50.0), (16.0, 600.0))]
    paces = [result("stream_tok_s", value, level=level, q=0.5) for level, value in ((16.0, 60.0), (1.0, 80.0))]
    related = {(each.metric, each.level): each.value for each in relate_levels([*paces, *ladder])}

    assert related == {
        ("system_relative", 1.0): 1,
        ("system_relative", 16.0): 12,
        ("stream_relative", 1.0): 1,
        ("stream_relative", 16.0): 0.75,
    }


def test_stages_add_up_and_their_ranges_with_them():
    counts = {("requests", None): Estimate(5, None, None, 5, 5.0), ("attempts", None): Estimate(6, None, None, 6, 6.0)}
    exact = counts | {("dollars", None): Estimate(1.0, None, None, 6, 6.0)}
    ranged = counts | {("dollars", None): Estimate(3.0, 2.0, 4.0, 6, 6.0)}
    sums = add_up([exact, ranged])

    assert sums["requests", None].value == 10
    assert (sums["dollars", None].lo, sums["dollars", None].hi) == (3, 5)


def test_what_one_stage_does_not_know_the_sum_does_not_know():
    unknown = {(metric, None): Estimate(None, None, None, 3, 0.0) for metric in ("requests", "attempts", "dollars")}

    assert add_up([unknown])["dollars", None].value is None


def test_the_bill_has_both_sides_and_a_month_of_days():
    bill = {each.metric: each.value for each in write_bill(Bill(100.0, 120.0, 1e4, 50), 30, "model")}

    assert bill["bill_day"] == 220
    assert bill["bill_output_month"] == 3600
    assert {each.value for each in write_bill(None, 30, "model")} == {None}


def test_a_need_is_a_rate_and_its_users():
    need = write_need(Need(5.2, 16.0, 12.3), "model")

    assert [(each.metric, each.value) for each in need] == [("needed_rps", 5.2), ("needed_users", 12.3)]
