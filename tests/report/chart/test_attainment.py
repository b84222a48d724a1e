"""Tests of firsttoken/report/chart/attainment.py."""

import math

from matplotlib.patches import Rectangle

from firsttoken.report.chart.attainment import draw_attainment
from tests.report.studies import PEAK, make_study


def boxes_of(result):
    """Where a load that met the SLO and the next one, which did not, leave the share between them open."""
    [panel] = result.axes
    spans = {(x, y, w, h) for x, y, w, h in (p.get_bbox().bounds for p in panel.patches if isinstance(p, Rectangle))}
    return sorted({(x, x + w) for x, y, w, h in spans if h > 1})


def lines_of(result):
    """The loads that each curve joins by a line."""
    [panel] = result.axes
    joined = [[float(x) for x in line.get_xdata()] for line in panel.lines if line.get_marker() in ("o", "s")]
    return [loads for loads in joined if not any(map(math.isnan, loads))]


def words_of(result):
    [panel] = result.axes
    return [text.get_text() for text in panel.texts]


def test_every_target_is_named_at_the_end_of_its_line(study):
    words = words_of(draw_attainment(study))

    assert words[-2:] == ["gpt-5.4", "gpt-5.2-codex"] or words[-2:] == ["gpt-5.2-codex", "gpt-5.4"]


def test_the_slo_and_each_targets_peak_are_drawn(study):
    needed = study.result("gpt-5.4", "needed_users").value

    words = words_of(draw_attainment(study))

    assert "SLO: 95 %" in words
    assert f"peak + 30 %: {needed:,.0f} users" in words


def test_without_a_stated_peak_none_is_drawn(tmp_path):
    words = words_of(draw_attainment(make_study(tmp_path / "run", levels=(1, 4))))

    assert not any("peak" in word for word in words)


def test_a_run_that_measured_nothing_says_so_in_the_chart(empty_study):
    assert words_of(draw_attainment(empty_study)) == ["No load level finished."]


def test_no_line_is_drawn_between_a_load_that_met_the_slo_and_one_that_did_not(study):
    figure = draw_attainment(study)

    assert lines_of(figure) == [[1.0, 4.0, 16.0], [64.0]] * 2
    assert boxes_of(figure) == [(16.0, 64.0)]


def test_next_users_leave_no_load_between_them_untested(tmp_path):
    figure = draw_attainment(make_study(tmp_path / "run", levels=(23, 24, 25, 26), targets=("gpt-5.4",)))

    assert lines_of(figure) == [[23.0, 24.0, 25.0, 26.0]]
    assert boxes_of(figure) == []


def test_the_foot_explains_the_marks_that_are_drawn_and_no_others(study, tmp_path):
    [foot, *_] = [text.get_text() for text in draw_attainment(study).texts]
    quiet = draw_attainment(make_study(tmp_path / "run", levels=(1, 4)))
    [quiet_foot] = [text.get_text() for text in quiet.texts]

    assert "Peak: 4 requests/s. Dotted: the users that it needs of each; solid: with 30 % headroom." in foot
    assert "Tinted box: no load between its sides was tested" in foot
    assert quiet_foot == "Bars: 95 % intervals."


def test_the_label_of_a_peak_at_the_right_edge_stands_left_of_its_line(study, tmp_path):
    beyond = make_study(tmp_path / "run", levels=(1, 4), targets=("gpt-5.4",), demand=PEAK)

    def sides(drawn):
        return {text.get_ha() for text in draw_attainment(drawn).axes[0].texts if text.get_text().startswith("peak +")}

    assert sides(beyond) == {"right"}
    assert sides(study) == {"left"}
