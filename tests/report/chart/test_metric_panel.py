"""Tests of firsttoken/report/chart/metric_panel.py."""

from firsttoken.report.chart.metric_panel import curve_of


def test_a_curve_has_a_gap_where_the_study_prints_nothing(study):
    curve = curve_of(study, "gpt-5.4", "ttft_ms", 0.95, 1000.0)

    assert [point.x for point in curve] == [1, 4, 16, 64]
    assert [point.y is None for point in curve] == [True, True, False, False]
    assert curve[3].y == study.result("gpt-5.4", "ttft_ms", level=64.0, q=0.95).value / 1000
