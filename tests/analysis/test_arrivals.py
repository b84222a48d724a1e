"""Tests of analysis/arrivals.py."""

import re

from analysis import arrivals
from firsttoken.decide.study import study_run
from firsttoken.report.page import as_text
from tests.made_loads import make_open_run


def test_a_closed_loop_has_no_such_page(study):
    assert arrivals.build(study) is None


def test_a_rate_that_is_not_answered_as_fast_as_it_comes_is_named(tmp_path):
    page = arrivals.build(study_run(make_open_run(tmp_path / "run", targets=("gpt-5.4",))))

    assert re.match(r"gpt-5.4 .* 2.5 requests/s .* 11\.\d", page.finding)
    assert "0.04 ms" in page.finding
    assert "Asked requests/s" in as_text(page)


def test_arrivals_that_found_no_place_are_counted(tmp_path):
    made = make_open_run(tmp_path / "run", rates=(14.0,), most_open=30, targets=("gpt-5.2-codex",))
    page = arrivals.build(study_run(made))

    assert "arrivals were dropped" in page.finding
    assert page.finding.startswith("gpt-5.2-codex answers only ")
