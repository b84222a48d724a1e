"""Tests of firsttoken/report/metric_table.py."""

import math

from firsttoken.decide.metrics.value import MetricValue
from firsttoken.report.metric_table import MetricColumn, estimate_cell, ladder, metric_table, number_cell
from firsttoken.report.page import Cell
from firsttoken.stats.estimate import Estimate


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


def test_a_ladder_names_each_target_once(study):
    assert [name for _, _, name in ladder(study)] == ["gpt-5.2-codex", "", "", "", "gpt-5.4", "", "", ""]


def test_a_table_of_metrics_has_a_row_for_every_target_and_load(study):
    columns = (MetricColumn("Wait", "median, s", "ttft_ms", 0.5, "s"), MetricColumn("n", "", "ttft_ms", 0.5, "n"))

    table = metric_table(study, columns)

    assert [column.title for column in table.columns] == ["Target", "Users", "Wait", "n"]
    assert [row[1] for row in table.rows] == ["1", "4", "16", "64"] * 2
    median = study.result("gpt-5.4", "ttft_ms", level=64.0, q=0.5)
    assert (table.rows[-1][2].text, table.rows[-1][3].text) == (f"{median.value / 1000:.2f}", f"{median.n:,}")


def test_a_metric_is_shown_in_its_own_unit_where_no_other_is_named():
    assert number_cell(result(0.421, metric="error_share", unit="share", q=None)).text == "42.1"
    assert number_cell(result(1.5, metric="request_rps", unit="1/s", q=None)).text == "1.50"
    assert number_cell(result(2.0, 1.0, 3.0, metric="client_added_ttft_ms"), "± ms") == Cell("+2.0", "+1.0 to +3.0")


def test_an_estimate_without_an_interval_is_not_printed():
    assert estimate_cell(Estimate(0.5, 0.25, 0.75, 9, 9.0), "%") == Cell("50", "25–75")
    assert estimate_cell(Estimate(0.5, None, None, 9, 9.0), "%") == Cell("n/a", "n = 9")
