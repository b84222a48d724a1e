"""Tests of firsttoken/report/chart/metric_panel.py."""

import numpy as np

from firsttoken.report.chart.metric_panel import MetricPanel, curve_of, metric_figure


def test_a_curve_has_a_gap_where_the_study_prints_nothing(study):
    curve = curve_of(study, "gpt-5.4", "ttft_ms", 0.95, 1000.0)

    assert [point.x for point in curve] == [1, 4, 16, 64]
    assert [point.y is None for point in curve] == [True, True, False, False]
    assert curve[3].y == study.result("gpt-5.4", "ttft_ms", level=64.0, q=0.95).value / 1000


WAIT = MetricPanel("Wait, seconds", "ttft_ms", 0.95, "s", dashed=("ttft_ms", 0.5))


def words_of(panel):
    return {text.get_text() for text in panel.texts}


def test_a_panel_has_a_curve_for_each_target_the_limit_of_the_slo_and_the_instruments_error(study):
    [panel] = metric_figure(study, [WAIT]).axes

    assert panel.get_title(loc="left") == "Wait, seconds"
    assert words_of(panel) == {"gpt-5.2-codex", "gpt-5.4", "SLO: 1.50 s", "instrument"}


def test_of_some_targets_and_without_marks_only_these_curves_are_drawn(study):
    [panel] = metric_figure(study, [WAIT._replace(marks=False)], targets=["gpt-5.4"]).axes

    assert words_of(panel) == {"gpt-5.4"}


def test_seconds_are_a_thousandth_of_the_metrics_milliseconds(study):
    [panel] = metric_figure(study, [WAIT], targets=["gpt-5.4"]).axes

    highest_s = np.nanmax([line.get_ydata() for line in panel.lines if len(line.get_xdata()) == 4])
    assert highest_s == study.value("gpt-5.4", "ttft_ms", level=64.0, q=0.95) / 1000


def test_what_else_is_drawn_comes_before_the_axes_are_fixed(study):
    def reach_far(panel, _study):
        panel.plot([1, 64], [0, 900])

    [panel] = metric_figure(study, [WAIT._replace(also=reach_far)]).axes

    assert panel.get_ylim()[1] > 900


def test_where_no_metric_has_a_value_there_is_no_chart(study, empty_study):
    assert metric_figure(empty_study, [WAIT]) is None
    assert metric_figure(study, [MetricPanel("Lateness", "lateness_ms", 0.5)]) is None
