"""Tests of analysis/search.py."""

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
    assert page.finding == "gpt-5.4 meets the SLO up to 24 users and misses it at 32 users (6 tries)"
    assert any(note.startswith("gpt-5.4: Confirmed in open loop at 5.2 requests/s") for note in page.notes)


def test_a_limit_that_was_not_reached_is_said(tmp_path):
    page = search.build(study_run(make_search_run(tmp_path / "run", targets=("gpt-5.4",), levels=(16, 20))))

    assert page.finding.endswith("up to 20 users and its limit was not reached up to 20 users (2 tries)")


def test_a_search_that_found_nothing_that_holds_says_so(tmp_path):
    made = make_search_run(tmp_path / "run", targets=("gpt-5.2-codex",), levels=(64, 32))

    assert search.build(study_run(made)).finding == "gpt-5.2-codex misses the SLO at 32 users already (2 tries)"
