"""Tests of firsttoken/report/method.py."""

import pytest

from firsttoken.report.method import method, write_length, write_promise
from firsttoken.scenario import Slo, Spread
from tests.report.studies import make_study


def test_the_method_names_the_settings_of_the_run(study):
    told = dict(method(study))

    assert "Levels of 1, 4, 16 and 64 users, each run once" in told["Load"]
    assert "400 tokens in, 128 tokens out" in told["Prompts"]
    assert "measure (20.0 s), hold" in told["A stage"]
    assert "first token within 1.50 s and per token at most 20.0 ms" in told["Promise"]
    assert "gpt-5.4: $5.50 in, $18.00 out per million tokens" in told["Dollars"]


def test_a_price_that_nobody_states_is_said_to_be_unknown(tmp_path):
    def hide_price(scenario):
        scenario["target"][0]["prices"] = "unknown"

    study = make_study(tmp_path / "run", hide_price, levels=(1,))

    assert "gpt-5.2-codex: price unknown, so its dollars are unknown." in dict(method(study))["Dollars"]


def test_a_run_without_a_window_says_that_none_was_completed(empty_study):
    assert "no window was reached" in dict(method(empty_study))["A stage"]


@pytest.mark.parametrize(
    ("slo", "words"),
    [
        (Slo(), "no limit on its time"),
        (Slo(ttft="1.5s"), "first token within 1.50 s"),
        (Slo(felt_ttft="2s", e2e="10s"), "first word, retries included, within 2.00 s and whole answer within 10.0 s"),
    ],
)
def test_a_promise_is_told_in_words(slo, words):
    assert write_promise(slo) == words


def test_a_spread_of_lengths_is_told_by_its_median_and_tail():
    assert write_length(1000) == "1,000 tokens"
    assert write_length(Spread(400, 1200)) == "400 tokens in the median, 1,200 at p95 (lognormal)"


def test_a_deadline_without_a_byte_is_retried_and_said_to_be(tmp_path):
    def retry(scenario):
        scenario["retry"] = {"policy": "openai"}

    told = dict(method(make_study(tmp_path / "run", retry, levels=(1,))))

    assert "after a deadline without a byte of an answer" in told["Retries"]
