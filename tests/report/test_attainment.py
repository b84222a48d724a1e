"""Tests of firsttoken/report/attainment.py."""

from firsttoken.report.attainment import draw_attainment
from tests.report.studies import make_study


def words_of(figure):
    [panel] = figure.axes
    return [text.get_text() for text in panel.texts]


def test_every_target_is_named_at_the_end_of_its_line(study):
    words = words_of(draw_attainment(study))

    assert words[-2:] == ["gpt-5.4", "gpt-5.2-codex"] or words[-2:] == ["gpt-5.2-codex", "gpt-5.4"]


def test_the_promise_and_each_targets_peak_are_drawn(study):
    needed = study.figure("gpt-5.4", "needed_users").value

    words = words_of(draw_attainment(study))

    assert "promise: 95 %" in words
    assert f"peak + 30 %: {needed:,.0f} users" in words


def test_without_a_stated_peak_none_is_drawn(tmp_path):
    words = words_of(draw_attainment(make_study(tmp_path / "run", levels=(1, 4))))

    assert not any("peak" in word for word in words)


def test_a_run_that_measured_nothing_says_so_in_the_chart(empty_study):
    assert words_of(draw_attainment(empty_study)) == ["No load was measured to its end."]
