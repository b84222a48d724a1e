"""Tests of analysis/failures.py."""

import json

import pytest

from analysis.failures import MOST_ROWS, build
from firsttoken.decide.study import study_run
from firsttoken.report.page import cell
from tests.made_run import make_run
from tests.made_stage import FLAWLESS, Windows


@pytest.fixture
def changed(tmp_path):
    """A small made run of one target in which nothing fails, each of its ended rows changed by a function of it."""

    def make(change, **made):
        folder = make_run(
            tmp_path / "run",
            targets=("gpt-5.4",),
            levels=(4,),
            answers=FLAWLESS,
            windows=Windows(measure_s=8.0),
            **made,
        )
        journal = folder / "attempts" / "worker-0.jsonl"
        rows = [json.loads(line) for line in journal.read_text().splitlines()]
        ended = [row for row in rows if "outcome" in row]
        for place, row in enumerate(ended):
            change(place, row)
        journal.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return study_run(folder)

    return make


def leave(_place, _row):
    pass


def read_table(page):
    return [[cell(each).text for each in row] for row in page.table.rows]


def test_a_run_in_which_all_went_well_has_no_such_page(changed):
    assert build(changed(leave)) is None


def test_what_the_server_said_is_counted_with_its_numbers_folded(study):
    page = build(study)
    rows = read_table(page)

    assert rows[0][:4] == ["gpt-5.2-codex", "rate_limited", "429", "HTTP #: planned"]
    failed = sum(int(row[4].replace(",", "")) for row in rows)
    assert page.finding.startswith(f"{failed:,} of ")
    assert 'most often rate_limited 429 on gpt-5.2-codex: "HTTP #: planned"' in page.finding
    assert all(float(row[5].replace(",", "")) <= float(row[6].replace(",", "")) for row in rows)


def test_more_kinds_than_the_page_holds_are_counted_in_its_last_row(changed):
    def fail(place, row):
        row |= {"outcome": "http_5xx", "http_status": 500, "error": "word " + "abcdefghijklmnopqrstuvwxyz"[place % 26]}

    page = build(changed(fail))
    rows = read_table(page)

    assert len(rows) == MOST_ROWS + 1
    assert "more kinds of failure" in cell(page.table.rows[-1][3]).detail
    assert page.finding.startswith(f"{sum(int(row[4]) for row in rows)} of ")


def test_a_connection_that_the_server_closes_after_each_answer_is_remarked(changed):
    def close(place, row):
        row |= {"connection_reused": False, "resends": int(place % 4 == 0)}

    page = build(changed(close))

    assert page.table is None
    assert page.finding.startswith("No attempt failed. gpt-5.4: no connection could be kept: 0 of ")
    assert any("sent again, as the server had closed its kept connection" in note for note in page.notes)
    assert any("the median time to first token is" in note for note in page.notes)


def test_a_finish_reason_that_nobody_knows_is_named_and_counted(changed):
    def wind_down(place, row):
        row["connection_reused"] = True
        if place % 3 == 0:
            row |= {"finish_reason": "wound_down", "checks": ["unknown_finish"]}

    [note] = build(changed(wind_down)).notes

    assert '"wound_down"; they count as complete.' in note


def test_what_the_behaviour_stopped_is_told_apart_from_failures(changed):
    def stop(place, row):
        row["connection_reused"] = True
        if place % 3 == 0:
            row |= {"outcome": "stopped_by_user", "finish_reason": None}

    page = build(changed(stop))

    assert page.finding.startswith("No attempt failed. gpt-5.4: the behaviour itself stopped ")
    assert page.table is None


def test_a_run_that_sent_nothing_has_no_such_page(empty_study):
    assert build(empty_study) is None
