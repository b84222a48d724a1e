"""Tests of analysis/recovery.py."""

import re
from dataclasses import replace

from analysis import recovery
from firsttoken.decide.study import study_run
from tests.made_loads import make_spike_run
from tests.made_stage import Answers


def test_a_level_load_has_no_such_page(study):
    assert recovery.build(study) is None


def test_how_soon_each_target_came_back_is_said(tmp_path):
    page = recovery.build(study_run(make_spike_run(tmp_path / "run")))

    assert re.fullmatch(
        r"gpt-5.2-codex recovered [\d.]+ s after the spike and gpt-5.4 recovered [\d.]+ s after the spike", page.finding
    )
    assert len(page.table.rows) == 2


def test_a_service_that_did_not_come_back_is_said(tmp_path):
    """Twelve requests a second to the end are more than gpt-5.2-codex can answer."""
    page = recovery.build(study_run(make_spike_run(tmp_path / "run", targets=("gpt-5.2-codex",), after=12)))

    assert page.finding.startswith("gpt-5.2-codex did not recover within ")
    assert page.table.rows[0][5] == "not back"


def test_too_few_requests_before_the_spike_leave_it_unknown(tmp_path):
    made = make_spike_run(tmp_path / "run", targets=("gpt-5.4",), base=0.5)

    assert "too few requests arrived before the spike" in recovery.build(study_run(made)).finding


def test_a_course_of_which_nothing_is_known_is_not_drawn(tmp_path, monkeypatch):
    study = study_run(make_spike_run(tmp_path / "run", targets=("gpt-5.4",)))
    (seen,) = study.recoveries["gpt-5.4"]
    lone = replace(seen, at_s=seen.at_s[:1], p95_ms=seen.p95_ms[:1])
    monkeypatch.setitem(study.recoveries, "gpt-5.4", [lone])

    assert recovery.build(study).figure is None


def test_where_too_many_got_no_answer_before_the_spike_nobody_can_tell_when_it_was_back(tmp_path):
    page = recovery.build(
        study_run(make_spike_run(tmp_path / "run", targets=("gpt-5.2-codex",), answers=Answers(error_share=0.7)))
    )

    assert page.finding.endswith("recovery is unknown, as too many requests got no answer even before the spike")
    assert page.table.rows[0][5] == "unknown"
