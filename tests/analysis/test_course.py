"""Tests of analysis/course.py."""

import re

from analysis import course
from firsttoken.decide.study import study_run
from tests.made_loads import make_open_run, make_spike_run


def test_a_level_load_has_no_course(study, tmp_path):
    assert course.build(study) is None
    assert course.build(study_run(make_open_run(tmp_path / "run", rates=(2.5,), targets=("gpt-5.4",)))) is None


def test_the_load_and_the_time_at_which_the_slo_was_missed_are_said(tmp_path):
    page = course.build(study_run(make_spike_run(tmp_path / "run", targets=("gpt-5.2-codex",))))

    assert re.match(r"gpt-5.2-codex .* 12 requests/s, 40 to \d+ s", page.finding)
    assert page.figure is not None
    assert [row[3] for row in page.table.rows][:4] == ["3", "3", "3", "12"]


def test_a_part_says_how_many_asked_and_with_which_verdict(tmp_path):
    page = course.build(study_run(make_spike_run(tmp_path / "run", targets=("gpt-5.2-codex",))))

    target, begins, _, load, asked, share, _, verdict = page.table.rows[3]
    assert (target, begins, load) == ("", "40.0", "12")
    assert int(asked) > 100
    assert (share.text, verdict.text) != ("100", "PASS")


def test_a_course_that_holds_says_so_of_the_whole_of_it(tmp_path):
    page = course.build(
        study_run(make_spike_run(tmp_path / "run", targets=("gpt-5.4",), slo={"ttft": "9s", "share": 0.9}))
    )

    assert page.finding == ("gpt-5.4 met the SLO over the whole load profile; no time slice is shown to miss the SLO")
