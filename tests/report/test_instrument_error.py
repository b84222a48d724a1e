"""The instrument's own error as charts tell it."""

from firsttoken.decide.study import study_run
from firsttoken.report.instrument_error import find_error_ms, read_all, worst_ms, write_bound, write_error
from firsttoken.scenario.format import mean_tokens
from tests.made_run import make_run
from tests.results.test_truth import write_truth


def test_the_worst_level_speaks_for_all(study):
    accuracies = read_all(study)

    assert len(accuracies) == sum(len(study.levels(target)) for target in study.targets)
    assert worst_ms(study) == max(accuracy.uncertainty_ms for accuracy in accuracies)


def test_without_a_truth_the_sentence_names_what_benchmarks_have_shown(study):
    assert write_bound(study) == "The instrument's own error: 0.10 ms at p99, as benchmarks have shown."
    assert "drawn to scale" in write_error(study)


def test_brackets_that_are_wider_than_that_are_named_instead(study, monkeypatch):
    monkeypatch.setattr("firsttoken.decide.judge.instrument.PROVEN_MS", 0.001)
    monkeypatch.setattr("firsttoken.report.instrument_error.PROVEN_MS", 0.001)

    assert "by the brackets around the arrivals" in write_bound(study)


def test_with_a_truth_the_sentence_names_it_and_its_size(tmp_path):
    folder = make_run(tmp_path / "run", levels=(4,), targets=("gpt-5.4",))
    write_truth(folder, late_ns=7_000_000)

    assert write_bound(study_run(folder)) == (
        "The instrument's own error: 7.00 ms at p99, against the server's own log."
    )


def test_the_error_of_a_first_token_is_spread_over_the_gaps_of_an_answer_in_its_pace(study):
    gaps = mean_tokens(study.scenario.traffic.output_tokens) - 1

    assert find_error_ms(study, "ttfo_ms") == worst_ms(study)
    assert find_error_ms(study, "tpot_ms") == worst_ms(study) / gaps
    assert find_error_ms(study, "attainment") is None
