"""Estimates become results, and runs become one result."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.stats import t

from firsttoken.decide.measure.demand import Bill, Need
from firsttoken.decide.metrics.combine import (
    add_up,
    combine_repeats,
    list_metrics,
    mean_over_levels,
    measure_target,
    relate_levels,
    write_confirmation,
)
from firsttoken.decide.metrics.metric import TargetFacts
from firsttoken.decide.metrics.value import MetricKey
from firsttoken.stats.estimate import Estimate
from tests.decide.hand import key, result

TTFT = key("ttft_ms", 0.5, repeat=None)
KEPT = key("attainment", repeat=None)


def estimate(value: float, half: float = 0.0, n: int = 100) -> Estimate:
    return Estimate(value, value - half, value + half, n, float(n))


def combine(place: MetricKey, pooled: Estimate, *runs: Estimate) -> Estimate:
    of_runs = [{replace(place, repeat=repeat): run} for repeat, run in enumerate(runs)]
    return combine_repeats({place: pooled}, of_runs)[place]


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

    assert not combine(key("ttft_ms", 0.99, repeat=None), few, few, few).shown


def test_a_quantile_that_is_infinite_in_one_run_keeps_the_interval_of_the_rows():
    place = key("felt_ttft_ms", 0.95, repeat=None)
    pooled = Estimate(900.0, 700.0, math.inf, 80, 80.0)

    assert combine(place, pooled, estimate(800.0), Estimate(math.inf, 700.0, math.inf, 40, 40)) == pooled


@pytest.mark.parametrize("metric", ["requests", "dollars", "retry_tax", "quota_used_share"])
def test_what_does_not_scatter_around_a_mean_is_taken_as_it_is(metric):
    pooled = Estimate(30.0, 29.0, 31.0, 9, 9.0)

    assert combine(key(metric, repeat=None), pooled, estimate(10.0), estimate(20.0)) == pooled


def test_a_single_run_is_itself():
    assert combine(TTFT, estimate(500.0, 7.0), estimate(500.0, 7.0)) == estimate(500.0, 7.0)


@pytest.mark.parametrize(
    ("place", "reported", "flags"),
    [
        (TTFT, Estimate(1.0, None, None, 3, 3.0), ("UNDERSAMPLED",)),
        (TTFT, Estimate(1.0, 0.5, math.inf, 30, 30.0, at_least=True), ("CENSORED",)),
        (key("retry_tax"), Estimate(1.2, 1.1, 1.3, 30, 30.0), ("ESTIMATE",)),
        (key("retry_tax"), Estimate(1.2, None, None, 30, 30.0), ()),
        (key("request_rps"), Estimate(1.2, None, None, 30, 30.0), ()),
    ],
)
def test_a_result_says_what_a_reader_must_know_of_it(place, reported, flags):
    (written,) = list_metrics({place: reported})

    assert written.flags == flags


def test_a_void_level_marks_each_of_its_results():
    (written,) = list_metrics({TTFT: estimate(1.0)}, voided_by=["CLIENT_LIMITED"])

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


def test_a_level_of_which_something_is_unknown_has_no_multiple():
    known = [result("system_tok_s", value, level=level) for level, value in ((1.0, 50.0), (4.0, None), (16.0, 600.0))]
    unknown = [result("system_tok_s", value, level=level) for level, value in ((1.0, None), (16.0, 600.0))]

    assert [each.value for each in relate_levels(known)] == [1, None, 12]
    assert [each.value for each in relate_levels(unknown)] == [None, None]
    assert relate_levels([]) == []


def test_stages_add_up_and_their_ranges_with_them():
    counts = {key("requests"): Estimate(5, None, None, 5, 5.0), key("attempts"): Estimate(6, None, None, 6, 6.0)}
    exact = counts | {key("dollars"): Estimate(1.0, None, None, 6, 6.0)}
    ranged = counts | {key("dollars"): Estimate(3.0, 2.0, 4.0, 6, 6.0)}
    sums = add_up("model", [exact, ranged])

    assert sums[key("requests", level=None, repeat=None)].value == 10
    dollars = sums[key("dollars", level=None, repeat=None)]
    assert (dollars.lo, dollars.hi) == (3, 5)


def test_what_one_stage_does_not_know_the_sum_does_not_know():
    unknown = {key("dollars"): Estimate(None, None, None, 3, 0.0)}

    assert add_up("model", [unknown])[key("dollars", level=None, repeat=None)].value is None


def test_lengths_over_all_levels_are_those_of_all_their_answers():
    reported = [
        result("output_tokens_mean", 100.0, level=1.0, n=10),
        result("output_tokens_mean", 200.0, level=4.0, n=30),
        result("output_tokens_mean", 999.0, level=4.0, n=30, repeat=0),
        result("output_tokens_mean", None, level=8.0, n=0),
    ]
    means = {place.metric: each for place, each in mean_over_levels("model", reported).items()}

    assert (means["output_tokens_mean"].value, means["output_tokens_mean"].n) == (175, 40)
    assert means["input_tokens_mean"].value is None


def ask_of_target(facts: TargetFacts) -> dict[str, float | None]:
    return {place.metric: each.value for place, each in measure_target("model", facts).items()}


def test_the_bill_has_both_sides_and_a_month_of_days():
    bill = ask_of_target(TargetFacts(bill=Bill(100.0, 120.0, 1e4, 50), days=30))

    assert bill["bill_day"] == 220
    assert bill["bill_output_month"] == 3600
    assert set(ask_of_target(TargetFacts(days=30)).values()) == {None}
    assert ask_of_target(TargetFacts()) == {}


def test_a_need_is_a_rate_and_its_users():
    assert ask_of_target(TargetFacts(need=Need(5.2, 16.0, 12.3))) == {"needed_rps": 5.2, "needed_users": 12.3}


def test_a_confirmation_is_a_rate_and_a_share_of_no_level():
    share = result("attainment", 0.97, 0.95, 0.99, level=5.0, flags=("CENSORED",))
    at, kept = write_confirmation(5.2, share)

    assert (at.metric, at.value, at.unit, at.lo, at.level) == ("confirmed_at", 5.2, "1/s", None, None)
    assert (kept.metric, kept.value, kept.lo, kept.level) == ("confirmed_share", 0.97, 0.95, None)
    assert at.flags == kept.flags == ("CENSORED",)
