"""How right the instrument was: by the server's truth where there is one, by its own brackets else."""

import pytest

from firsttoken.decide.judge.instrument import PROVEN_MS
from firsttoken.decide.study import study_run
from tests.made_run import Client, make_run
from tests.results.test_truth import write_truth


def test_without_a_truth_the_brackets_are_known_and_what_benchmarks_have_shown(tmp_path):
    study = study_run(make_run(tmp_path / "run", levels=(4,), targets=("gpt-5.4",)))

    accuracy = study.instrument("gpt-5.4", 4)

    assert (accuracy.matched, accuracy.error_p50_ms, accuracy.error_p99_ms, accuracy.tpot_error_p50) == (
        0,
        None,
        None,
        None,
    )
    assert accuracy.bracket_p99_ms is not None and accuracy.bracket_p99_ms < PROVEN_MS
    assert accuracy.uncertainty_ms == PROVEN_MS, "nothing better than what benchmarks have shown"
    assert accuracy.first_tokens > 10


def test_with_a_truth_the_error_is_what_was_planted(tmp_path):
    folder = make_run(tmp_path / "run", levels=(4,), targets=("gpt-5.4",))
    write_truth(folder, late_ns=7_000_000)

    accuracy = study_run(folder).instrument("gpt-5.4", 4)

    assert accuracy.matched == accuracy.first_tokens
    assert accuracy.error_p50_ms == accuracy.error_p99_ms == pytest.approx(7.0)
    assert accuracy.tpot_error_p50 == 0
    assert accuracy.uncertainty_ms == pytest.approx(7.0)


def test_a_window_that_was_thrown_out_says_why(tmp_path):
    study = study_run(make_run(tmp_path / "run", levels=(4,), targets=("gpt-5.4",), client=Client(hub_lag_ms=60.0)))

    assert "froze" in study.instrument("gpt-5.4", 4).thrown_out


def test_a_level_that_was_never_measured_has_no_reading_to_show(tmp_path):
    study = study_run(make_run(tmp_path / "run", levels=(4,), targets=("gpt-5.4",)))

    accuracy = study.instrument("gpt-5.4", 99)

    assert accuracy.first_tokens == 0
    assert accuracy.uncertainty_ms is None
