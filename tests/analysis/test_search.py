"""Tests of analysis/search.py."""

import re

from analysis import search
from firsttoken.decide.study import study_run
from firsttoken.report.page import cell
from tests.made_loads import make_search_run


def test_a_ladder_has_no_such_page(study):
    assert search.build(study) is None


def test_every_try_stands_in_the_order_it_was_made(tmp_path):
    page = search.build(study_run(make_search_run(tmp_path / "run", targets=("gpt-5.4",))))
    rows = [[cell(value).text for value in row] for row in page.table.rows]

    assert [(row[1], row[2], row[6]) for row in rows] == [
        ("1", "4", "PASS"),
        ("2", "32", "FAIL"),
        ("3", "16", "PASS"),
        ("4", "24", "PASS"),
        ("5", "20", "PASS"),
        ("6", "24", "PASS"),
        ("open loop", "5.2 requests/s", "PASS"),
    ]
    assert re.findall(r"\d+ (?:users|tries)", page.finding) == ["24 users", "32 users", "6 tries"]
    assert any("5.2 requests/s" in note for note in page.notes)


def test_a_limit_that_was_not_reached_is_said(tmp_path):
    page = search.build(study_run(make_search_run(tmp_path / "run", targets=("gpt-5.4",), levels=(16, 20))))

    assert re.findall(r"\d+ users", page.finding) == ["20 users", "20 users"]


def test_a_search_that_found_nothing_that_holds_says_so(tmp_path):
    made = make_search_run(tmp_path / "run", targets=("gpt-5.2-codex",), levels=(64, 32))

    assert re.findall(r"\d+ users", search.build(study_run(made)).finding) == ["32 users"]
