"""Tests of analysis/instrument.py."""

from analysis.instrument import build
from firsttoken.decide.study import study_run
from tests.made_run import Client, make_run
from tests.report.studies import make_study
from tests.results.test_truth import write_truth


def test_measured_less_true_is_drawn_attempt_by_attempt(tmp_path):
    folder = make_run(tmp_path / "run", levels=(1, 4), targets=("gpt-5.4",))
    lines = write_truth(folder, late_ns=40_000)

    page = build(study_run(folder))

    errors = page.figure.axes[0].lines[0]
    assert len(errors.get_xdata()) == lines
    assert set(errors.get_ydata()) == {0.04}
    assert "Measured and true first tokens differ by 0.0" in page.finding


def test_without_a_truth_the_page_says_what_it_rests_on(study):
    page = build(study)

    assert "no server log" in page.figure.axes[0].texts[0].get_text()
    assert any("Only a simulated target has a log" in note for note in page.notes)


def test_what_was_thrown_out_is_red_and_told(tmp_path):
    page = build(make_study(tmp_path / "run", levels=(1, 4), targets=("gpt-5.4",), client=Client(hub_lag_ms=60.0)))

    assert "2 of 2 levels were discarded" in page.finding
    assert [row[-1].text for row in page.table.rows] == ["no", "no"]
    assert sum("froze" in note for note in page.notes) >= 2


def test_every_level_has_its_row(study):
    rows = build(study).table.rows

    assert len(rows) == sum(len(study.levels(target)) for target in study.targets)
    assert all(row[-1] == "yes" for row in rows)
