"""Tests of analysis/timeline.py."""

import numpy as np

from analysis.timeline import build
from firsttoken.decide.words.units import write_value
from firsttoken.report.metric_table import ladder
from tests.made_run import Client
from tests.report.studies import make_study


def test_five_strips_share_one_axis_of_time(study):
    panels = build(study).figure.axes

    assert [panel.get_title(loc="left") for panel in panels] == [
        "In flight", "First token, s", "Tokens / s", "Failures / s", "Lag, ms"
    ]  # fmt: skip
    assert len({panel.get_xlim() for panel in panels}) == 1


def test_every_measure_window_is_shaded_with_its_load_above(study):
    in_flight, *_ = build(study).figure.axes

    assert [text.get_text() for text in in_flight.texts] == ["1", "1", "4", "4", "16", "16", "64", "64"]
    assert len(in_flight.patches) == 8


def test_every_failure_of_the_run_is_in_the_table(study):
    outcomes = study.run.attempts("outcome")["outcome"]
    rows = build(study).table.rows

    def total(column):
        return sum(int(row[column].replace(",", "")) for row in rows)

    assert total(4) == len(outcomes)
    assert total(5) == (outcomes == "rate_limited").sum()
    assert total(6) == np.isin(outcomes, ["http_5xx", "truncated"]).sum()


def test_the_finding_counts_failures_drift_and_lag(study):
    outcomes = study.run.attempts("outcome")["outcome"]
    failed = int(np.isin(outcomes, ["rate_limited", "http_5xx", "truncated"]).sum())
    lag = max(study.instrument(target, level).hub_lag_max_ms for target, level, _ in ladder(study))

    assert build(study).finding == (
        f"{failed:,} of {len(outcomes):,} attempts failed; windows drifted by under 1 % at most; "
        f"the load process was {write_value(lag, 'ms')} late at worst in a window"
    )


def test_many_attempts_are_thinned_and_the_caption_says_how(study, monkeypatch):
    monkeypatch.setattr("analysis.timeline.MOST_DOTS", 500)

    page = build(study)

    drawn = sum(len(line.get_xdata()) for line in page.figure.axes[1].lines)
    assert drawn <= 510
    assert "every 6th drawn" in page.caption


def test_a_stage_that_was_broken_off_says_so(tmp_path):
    page = build(make_study(tmp_path / "run", levels=(1, 4), targets=("gpt-5.4",), client=Client(interrupted=True)))

    assert [row[-1].text for row in page.table.rows] == ["", "interrupted"]


def test_a_run_that_sent_nothing_has_no_page(empty_study):
    assert build(empty_study) is None


def test_a_stage_that_was_done_over_names_the_one_that_did(tmp_path):
    page = build(make_study(tmp_path / "run", levels=(4,), targets=("gpt-5.4",), client=Client(resumed=True)))

    assert [tuple(row[-1])[:2] for row in page.table.rows] == [("interrupted", "repeated by 2"), ("", "")]
