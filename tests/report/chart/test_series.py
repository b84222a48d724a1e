"""Tests of firsttoken/report/chart/series.py."""

import math

import pytest

from firsttoken.decide.metrics.value import MetricValue
from firsttoken.report.chart.series import (
    curve_of,
    explain_failures,
    join_words,
    ladder,
    name_ends,
    number_cell,
    write_percent,
)
from firsttoken.report.page import Cell


def result(value, lo=None, hi=None, *, metric="ttft_ms", unit="ms", q=0.5, n=90, flags=()):
    place = {"target": "gpt-5.4", "level": 4.0, "repeat": None}
    return MetricValue(**place, metric=metric, q=q, value=value, unit=unit, n=n, lo=lo, hi=hi, flags=flags)


def test_a_cell_leaves_the_unit_to_the_head_of_its_column():
    assert number_cell(result(1104.0, 1098.0, 1120.0), "s") == Cell("1.10", "1.10–1.12")
    assert number_cell(result(11.71, 11.6, 11.8, metric="tpot_ms"), "ms") == Cell("11.7", "11.6–11.8")
    assert number_cell(result(0.421, 0.35, 0.495, metric="error_share", unit="share", q=None), "%").text == "42.1"


def test_an_interval_that_is_its_value_is_not_said_twice():
    assert number_cell(result(1104.0, 1103.9, 1104.1), "s") == Cell("1.10", "")


def test_what_the_study_does_not_print_no_cell_prints():
    assert number_cell(result(1104.0, n=7, flags=("UNDERSAMPLED",)), "s") == Cell("n/a", "n = 7")
    assert number_cell(result(1104.0, 1000.0, 1200.0, flags=("CENSORED",)), "s") == Cell("≥ 1.10")
    assert number_cell(result(None), "s") == Cell("unknown")
    assert number_cell(None, "s") == Cell("unknown")


def test_what_never_came_is_never():
    assert number_cell(result(math.inf, 5000.0, math.inf), "s") == Cell("never", "5.00–never")


def test_a_curve_has_a_gap_where_the_study_prints_nothing(study):
    curve = curve_of(study, "gpt-5.4", "ttft_ms", 0.95, 1000.0)

    assert [point.x for point in curve] == [1, 4, 16, 64]
    assert [point.y is None for point in curve] == [True, True, False, False]
    assert curve[3].y == study.result("gpt-5.4", "ttft_ms", level=64.0, q=0.95).value / 1000


def test_a_ladder_names_each_target_once(study):
    assert [name for _, _, name in ladder(study)] == ["gpt-5.2-codex", "", "", "", "gpt-5.4", "", "", ""]


@pytest.mark.parametrize(
    ("words", "joined"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_words_are_joined_as_in_a_sentence(words, joined):
    assert join_words(words) == joined


def test_a_small_share_is_not_nothing():
    assert [write_percent(share) for share in (0.0, 0.004, 0.8)] == ["0 %", "under 1 %", "80 %"]


def test_of_many_targets_the_first_two_and_the_last_are_named():
    assert name_ends(["a", "b", "c"]) == "a, b and c"
    assert name_ends(["a", "b", "c", "d", "e"]) == "a, b … e (2 more between)"


def test_what_failed_follows_a_sentence_that_too_little_succeeded(study, empty_study):
    assert explain_failures(study).startswith(": ")
    assert " attempts failed, most often " in explain_failures(study)
    assert explain_failures(empty_study) == ""
