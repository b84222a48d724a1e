"""Tests of firsttoken/report/method.py."""

import dataclasses

import msgspec
import pytest

import firsttoken.report.method as method_page
from firsttoken.decide.study import study_run
from firsttoken.report.method import method, write_length, write_slo
from firsttoken.scenario.format import Slo, Spread
from tests.made_loads import make_open_run, make_search_run, make_spike_run
from tests.made_run import make_run
from tests.report.studies import make_study, study_again


def test_the_method_names_the_settings_of_the_run(study):
    told = dict(method(study))

    assert "Levels of 1, 4, 16 and 64 users, each run once" in told["Load"]
    assert "400 tokens in, 128 tokens out" in told["Prompts"]
    assert "measure (20.0 s), hold" in told["A stage"]
    assert "first token within 1.50 s and per token at most 20.0 ms" in told["SLO"]
    assert "gpt-5.4: $5.50 in, $18.00 out per million tokens" in told["Dollars"]


def test_clocks_of_other_machines_are_told_with_their_error(tmp_path, study):
    folder = make_run(tmp_path / "run", levels=(1,), targets=("gpt-5.4",))
    manifest = folder / "manifest.json"
    manifest.write_bytes(msgspec.json.encode(msgspec.json.decode(manifest.read_bytes()) | {"clock_error_ms": 0.348}))

    assert "set their clocks by the first one's, within 0.35 ms" in dict(method(study_run(folder)))["Clock"]
    assert "other machines" not in dict(method(study))["Clock"]


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
def test_an_slo_is_told_in_words(slo, words):
    assert write_slo(slo) == words


def test_a_spread_of_lengths_is_told_by_its_median_and_tail():
    assert write_length(1000) == "1,000 tokens"
    assert write_length(Spread(400, 1200)) == "400 tokens in the median, 1,200 at p95 (lognormal)"


def test_an_open_loop_says_how_requests_come_and_what_becomes_of_too_many(tmp_path):
    told = dict(method(study_run(make_open_run(tmp_path / "run", rates=(2.5, 5.0), targets=("gpt-5.4",)))))

    assert told["Load"].startswith("Open loop: requests come at random (a Poisson process), whatever becomes of those")
    assert "(load.max_in_flight) is dropped and counted. Levels of 2.5 and 5 requests/s" in told["Load"]
    assert "The user who takes a request behaves as locustfiles/chat.py says" in told["Load"]
    assert told["A stage"].startswith("Ramp (the rate rises in a straight line)")
    assert "closed loop" not in told["What this cannot see"]


def test_a_session_says_how_often_it_asks_and_how_long_it_thinks(tmp_path):
    def ask_thrice(scenario):
        scenario["load"] |= {"turns": 3, "think": "2s", "arrivals": "gamma", "cv": 2.0}

    make_open_run(tmp_path / "run", rates=(2.5,), targets=("gpt-5.4",))
    told = dict(method(study_again(tmp_path / "run", ask_thrice)))

    assert "sessions come at random, with gaps of a gamma distribution of coefficient of variation 2" in told["Load"]
    assert "A session is 3 requests, 2.00 s between an answer and the next of them." in told["Load"]


def test_a_level_that_measures_until_it_is_known_says_until_what(tmp_path):
    def measure_until(scenario):
        until = {"metric": "ttft_p95", "within": 0.05, "least": "15s", "most": "300s"}
        scenario["load"] = {"users": [4], "until": until}

    told = dict(method(make_study(tmp_path / "run", measure_until, levels=(4,))))

    assert (
        "Measuring ends once the 95 % interval of ttft at p95 lies within 5 % of it to either side, after 15.0 s at "
        "the earliest and 300 s at the latest." in told["A stage"]
    )


def test_an_automatic_window_says_what_ends_it(tmp_path, study):
    def measure_automatically(scenario):
        scenario["load"] = {"users": [4]}

    told = dict(method(make_study(tmp_path / "run", measure_automatically, levels=(4,))))

    assert "share of requests that meets the SLO is known well enough" in told["A stage"]
    assert "15.0 s at the earliest, and 300 s at the latest" in told["A stage"]
    assert "known well enough" not in dict(method(study))["A stage"]


def test_a_search_says_between_which_loads_it_bisected(tmp_path):
    told = dict(method(study_run(make_search_run(tmp_path / "run", targets=("gpt-5.4",)))))

    assert "Levels: a search from 1 to 64 users by bisection" in told["Load"]
    assert "Measuring ends once it is decided whether the SLO is met." in told["A stage"]


def test_a_course_is_told_by_its_name_and_peak(tmp_path):
    told = dict(method(study_run(make_spike_run(tmp_path / "run", targets=("gpt-5.4",)))))

    assert "Load: a spike of 12 requests/s, each run once" in told["Load"]


def test_the_retries_of_the_method_are_those_of_the_scenario(tmp_path):
    def retry(scenario):
        scenario["retry"] = {"policy": "custom", "max_retries": 1, "on": ["truncated"]}

    told = dict(method(make_study(tmp_path / "run", retry, levels=(1,))))["Retries"]

    assert told.startswith("Up to 1 retry after a connection lost before the first byte and an answer that broke off")
    assert "is not asked for again" not in told


def test_a_paragraph_that_fails_costs_itself_only(study, monkeypatch):
    monkeypatch.setattr(method_page, "ORDERS", {})
    failures: list[str] = []

    told = dict(method(study, failures))

    assert told["Load"] == "This paragraph could not be written; the page on validity says why."
    assert told["SLO"].startswith("A request meets it when it succeeds")
    assert len(failures) == 1
    assert failures[0].startswith('the paragraph "Load" of the method could not be made: KeyError')


def test_what_was_left_out_of_a_trace_is_told(study):
    left_out = "1 of 1,000 rows that are no request: 1 with 0 tokens one way (line 502)"
    traffic = msgspec.structs.replace(study.scenario.traffic, trace="t.csv", trace_left_out=left_out)
    load = msgspec.structs.replace(study.scenario.load, users=[], ramp="auto", settle="auto", measure="auto")
    traced = dataclasses.replace(study, scenario=msgspec.structs.replace(study.scenario, traffic=traffic, load=load))

    assert f"as long as the trace's (left out: {left_out})" in dict(method(traced))["Prompts"]
