"""Tests of firsttoken/report/chart/profile.py."""

from firsttoken.decide.study import study_run
from firsttoken.report.chart.profile import draw_load_profile
from tests.made_loads import make_spike_run


def test_page_one_shows_the_load_above_and_the_slo_beneath_it(tmp_path):
    figure = draw_load_profile(study_run(make_spike_run(tmp_path / "run")), 10.0)

    assert [panel.get_title("left") for panel in figure.axes] == [
        "Requests a second",
        "Met the SLO, % of requests",
    ]
    assert [text.get_text() for text in figure.axes[1].texts] == ["SLO: 95 %", "gpt-5.2-codex", "gpt-5.4"]


def test_the_waits_are_a_strip_of_their_own_where_they_are_asked_for(tmp_path):
    figure = draw_load_profile(study_run(make_spike_run(tmp_path / "run", targets=("gpt-5.4",))), 11.0, waits=True)

    assert len(figure.axes) == 3
    assert figure.axes[2].get_ylim()[1] > 0
    assert figure.axes[2].get_xlim() == (0.0, 120.0)


def test_a_run_that_measured_nothing_says_so(empty_study):
    figure = draw_load_profile(empty_study, 10.0)

    assert [text.get_text() for text in figure.axes[1].texts] == ["No load level finished."]
