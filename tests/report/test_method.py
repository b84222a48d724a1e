"""Tests of firsttoken/report/method.py."""

import dataclasses
import re

import msgspec

import firsttoken.report.method as method_page
from firsttoken.decide.study import study_run
from firsttoken.report.method import method, write_length, write_slo
from firsttoken.scenario.format import Spread
from firsttoken.scenario.slo import Slo
from tests.made_loads import make_open_run, make_search_run, make_spike_run
from tests.made_run import make_run
from tests.report.studies import make_study, study_again

UNTIL = {"metric": "ttft_p95", "within": 0.05, "least": "15s", "most": "300s"}
VARIANTS = {
    "measured until the interval is narrow": {"load": {"users": [4], "until": UNTIL}},
    "measured for as long as it takes": {"load": {"users": [4]}},
    "retries of its own": {"retry": {"policy": "custom", "max_retries": 1, "on": ["truncated"]}},
}
"""Runs at 4 users whose scenarios have other tables."""
ALONE = {"targets": ("gpt-5.4",)}


def test_the_method_of_runs_of_every_kind(tmp_path, study, empty_study, snapshot):
    studies = {
        name: make_study(tmp_path / name, lambda scenario, tables=tables: scenario.update(tables), levels=(4,), **ALONE)
        for name, tables in VARIANTS.items()
    }
    open_run = make_open_run(tmp_path / "open", rates=(2.5, 5.0), **ALONE)
    studies["an open loop"] = study_run(open_run)
    sessions = {"turns": 3, "think": "2s", "arrivals": "gamma", "cv": 2.0}
    studies["an open loop of sessions"] = study_again(open_run, lambda scenario: scenario["load"].update(sessions))
    studies["a search"] = study_run(make_search_run(tmp_path / "search", levels=(4,), **ALONE))
    studies["a spike"] = study_run(make_spike_run(tmp_path / "spike", **ALONE))
    studies["a run that ended before its first window"] = empty_study

    usual = dict(method(study))
    told = {"a ladder of users": [f"{title}: {text}" for title, text in usual.items()]}
    for name, each in studies.items():
        sentences = [(title, sentence) for title, text in method(each) for sentence in sentences_of(text)]
        told[name] = [f"{title}: {text}" for title, text in sentences if text not in sentences_of(usual[title])]
    told["SLOs"] = map(write_slo, (Slo(), Slo(ttft="1.5s"), Slo(felt_ttft="2s", e2e="10s")))
    told["lengths"] = map(write_length, (1000, Spread(400, 1200)))
    assert "closed loop" not in dict(method(studies["an open loop"]))["What this cannot see"].lower()
    snapshot("method", told)


def sentences_of(paragraph):
    return re.split(r"(?<=\.) ", paragraph)


def test_clocks_of_other_machines_are_told_with_their_error(tmp_path, study):
    folder = make_run(tmp_path / "run", levels=(1,), targets=("gpt-5.4",))
    manifest = folder / "manifest.json"
    manifest.write_bytes(msgspec.json.encode(msgspec.json.decode(manifest.read_bytes()) | {"clock_error_ms": 0.348}))

    assert "0.35 ms" in dict(method(study_run(folder)))["Clock"]
    assert "0.35 ms" not in dict(method(study))["Clock"]


def test_a_price_that_is_not_stated_is_said_to_be_unknown(tmp_path):
    def hide_price(scenario):
        scenario["target"][0]["prices"] = "unknown"

    dollars = dict(method(make_study(tmp_path / "run", hide_price, levels=(1,))))["Dollars"]

    assert re.search(r"gpt-5\.2-codex: .*unknown", dollars)
    assert "gpt-5.4: $" in dollars


def test_a_paragraph_that_fails_costs_itself_only(study, monkeypatch):
    method_before = method(study)
    monkeypatch.setattr(method_page, "ORDERS", {})
    failures: list[str] = []

    told = dict(method(study, failures))

    assert {title for title, text in method_before if text != told[title]} == {"Load"}
    [failure] = failures
    assert "Load" in failure and "KeyError" in failure


def test_what_was_left_out_of_a_trace_is_told(study):
    left_out = "1 of 1,000 rows that are not requests: 1 with 0 tokens one way (line 502)"
    traffic = msgspec.structs.replace(study.scenario.traffic, trace="t.csv", trace_left_out=left_out)
    load = msgspec.structs.replace(study.scenario.load, users=[], ramp="auto", settle="auto", measure="auto")
    traced = dataclasses.replace(study, scenario=msgspec.structs.replace(study.scenario, traffic=traffic, load=load))

    assert left_out in dict(method(traced))["Prompts"]
