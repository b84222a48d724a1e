"""Tests of analysis/degradation.py."""

import msgspec

from analysis.degradation import build
from firsttoken.decide.study import study_run
from firsttoken.report.page import Cell
from tests.made_run import make_run
from tests.made_stage import Answers
from tests.report.studies import make_study


def test_the_finding_says_what_is_left_of_a_stream_and_what_the_whole_reaches(study):
    kept = [study.result(target, "stream_relative", level=64.0, q=0.5).value for target in study.targets]
    assert all(0.3 < share < 0.9 for share in kept)

    finding = build(study).finding

    assert finding.startswith(
        f"At 64 users a stream keeps {kept[0]:.0%}".replace("%", " % of its pace on gpt-5.2-codex")
    )
    assert f"{kept[1]:.0%}".replace("%", " % on gpt-5.4; all streams together reach ") in finding


def test_the_lowest_load_is_the_measure_of_the_others(study):
    first, *_ = build(study).table.rows

    assert first[:2] == ("gpt-5.2-codex", "1")
    assert first[3] == first[6] == Cell("1.00")


def test_the_ideal_is_a_straight_line_through_the_lowest_load(study):
    system, _ = build(study).figure.axes
    [ideal, *_] = [line for line in system.lines if line.get_linestyle() == ":"]

    lowest = study.result("gpt-5.2-codex", "system_tok_s", level=1.0).value
    assert ideal.get_ydata().tolist() == [lowest * users for users in (1, 4, 16, 64)]


def test_a_single_load_degrades_nothing_that_could_be_seen(tmp_path):
    page = build(make_study(tmp_path / "run", levels=(4,)))

    assert page.finding == "Too few loads have streams to show how the pace degrades"


def test_a_run_that_measured_nothing_has_no_page(empty_study):
    assert build(empty_study) is None


def test_tokens_that_nobody_counted_are_an_estimate_with_its_share(tmp_path):
    page = build(make_study(tmp_path / "run", levels=(4,), targets=("gpt-5.4",), answers=Answers(cut_share=0.3)))

    assert page.table.rows[0][2].text.startswith("≈ ")
    assert page.notes[-1].startswith("gpt-5.4: ≈ is an estimate. Streams that reported no usage are up to ")


def test_without_any_usage_tokens_a_second_are_unknown(tmp_path):
    folder = tmp_path / "run"
    make_run(folder, levels=(4,), targets=("gpt-5.4",))
    journal = folder / "attempts" / "worker-0.jsonl"
    rows = [msgspec.json.decode(line) for line in journal.open("rb")]
    for row in rows:
        row.pop("output_tokens", None)
    journal.write_bytes(msgspec.json.Encoder().encode_lines(rows))
    page = build(study_run(folder))

    assert page.table.rows[0][2].text == "unknown"
    assert page.notes[-1] == (
        "gpt-5.4 at 4 users: unknown, as no stream reported its usage, and chunks are not tokens."
    )
