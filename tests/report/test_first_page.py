"""Tests of firsttoken/report/first_page.py."""

import re
from dataclasses import replace

import msgspec
import pytest

from firsttoken.decide.flags.flag import Flag
from firsttoken.decide.study import study_run
from firsttoken.report.first_page import FirstPage, count_page, count_words, first_page, fit, merge_lines, texts_of
from firsttoken.report.page import Column, Table
from firsttoken.row import SUCCESS, Row
from tests.made_loads import make_open_run, make_search_run
from tests.made_run import Client, make_run
from tests.made_stage import FLAWLESS
from tests.report.studies import PEAK, make_study


def page(**blocks):
    plain = {
        "label": "Launch report", "title": "night", "warning": "", "decisions": [("GO", "m", "It holds. Twice.")],
        "scope": [], "slo": Table([Column("Need")], []), "chart_title": "Kept", "flips": ["A flip."],
        "not_tested": ["A gap."], "evidence": "Valid.", "left_out": [],
    }  # fmt: skip
    return FirstPage(**plain | blocks)


def words(count):
    return " ".join(["word"] * count) + "."


def test_a_sign_is_no_word():
    assert count_words(["95 % – 1,000 users", "≥ 2"]) == 4


def test_a_page_that_fits_is_left_alone():
    assert fit(page()) == page()


def test_lists_give_way_first_and_are_told_elsewhere():
    long = page(not_tested=[words(40), words(41), words(42)], flips=[words(43), words(44), words(45)])

    fitted = fit(long)

    assert count_page(fitted) <= 250
    assert fitted.not_tested == [words(40), words(41)]
    assert fitted.flips == [words(43), words(44), words(45)]
    assert fitted.left_out == [f"Not tested: {words(42)}"]


def test_at_last_reasons_keep_their_first_sentence():
    long = page(decisions=[("GO", "m", f"It holds. {words(300)}")])

    fitted = fit(long)

    assert fitted.decisions == [("GO", "m", "It holds.")]
    assert fitted.left_out == [f"m: {words(300)}"]
    assert fitted.flips == ["A flip."]


def test_remarks_give_way_last_and_the_first_one_never_does():
    long = page(decisions=[("GO", "m", f"It holds. {words(90)}")], remarks=[words(99), words(98), words(97)])

    fitted = fit(long)

    assert fitted.decisions == [("GO", "m", "It holds.")]
    assert fitted.remarks == [words(99), words(98)]
    assert fitted.left_out == [words(97), f"m: {words(90)}"]


def test_empty_answers_are_counted_on_page_one(tmp_path):
    """Every tenth measured answer has lost its visible part; nothing else of the run has changed."""
    folder = make_run(tmp_path / "run", levels=(4,), answers=FLAWLESS)
    journal = folder / "attempts" / "worker-0.jsonl"
    rows = msgspec.json.Decoder(Row).decode_lines(journal.read_bytes())
    answered = [row for row in rows if row.outcome in SUCCESS and row.phase == "measure" and row.target == "gpt-5.4"]
    for row in answered[::10]:
        row.first_visible_ns = None
    journal.write_bytes(msgspec.json.Encoder().encode_lines(rows))

    [remark] = first_page(study_run(folder)).remarks

    assert remark.startswith("gpt-5.4: ")
    assert re.findall(r"\d+", remark.removeprefix("gpt-5.4")) == [str(len(answered[::10])), str(len(answered))]


def test_what_all_targets_say_is_said_once():
    told = [("a", ["Both.", "Only a."]), ("b", ["Both.", "Only b."])]

    assert merge_lines(told) == ["Both.", "a: Only a.", "b: Only b."]


def test_a_single_target_is_not_named_in_its_own_list():
    assert merge_lines([("a", ["One.", "Two."])]) == ["One.", "Two."]


def test_seven_blocks_answer_for_both_targets(study):
    first = first_page(study)

    assert {verdict for verdict, _, _ in first.decisions} <= {"GO", "NO-GO", "UNKNOWN"}  # a peak is stated
    assert [column.title for column in first.slo.columns] == ["Need", "gpt-5.2-codex", "", "gpt-5.4", ""]
    assert len(first.slo.rows) == 6
    assert first.flips and first.not_tested and first.scope
    assert count_page(first) <= 250


def lines_of(page):
    """Page one as lines, each block after its name, a row of a table in one line."""
    for name, block in page._asdict().items():
        rows = [[column.title for column in block.columns], *block.rows] if isinstance(block, Table) else block
        for each in [rows] if isinstance(rows, str) else rows:
            yield f"{name}: {' | '.join(filter(None, texts_of(each)))}"


def test_page_one_as_a_person_reads_it(tmp_path, study, snapshot):
    single = {"targets": ("gpt-5.4",)}
    pages = {
        "a ladder of users": first_page(study),
        "a search": first_page(study_run(make_search_run(tmp_path / "search", **single))),
        "an open loop": first_page(study_run(make_open_run(tmp_path / "open"))),
    }
    pages["a ladder of users of real models"] = first_page(
        make_study(tmp_path / "real", point_at_a_server(0, 1), levels=(4,))
    )
    broken = make_study(tmp_path / "broken", levels=(1, 4), client=Client(interrupted=True))
    capped = make_study(tmp_path / "capped", levels=(4,), client=Client(budget="The cap of 10,000 tokens was reached."))
    warnings = {
        "the warning of a run that was interrupted": first_page(broken).warning,
        "the warning of a run that its budget ended": first_page(capped).warning,
        "the warning of a run that lost rows": warning_of_lost_rows(tmp_path / "lossy"),
    }
    snapshot("page_one", {name: lines_of(page) for name, page in pages.items()} | warnings)


def test_a_scope_that_all_targets_share_is_said_once(study):
    assert len(first_page(study).scope) == 1


def test_simulated_models_make_an_illustration(study):
    assert "illustration" in first_page(study).label


def point_at_a_server(*places):
    """Have these targets of a scenario ask a server instead of the simulator."""

    def change(scenario):
        for place in places:
            scenario["target"][place]["base_url"] = "http://127.0.0.1:9/v1"

    return change


def test_real_models_make_a_report_and_mixed_ones_say_which_are_not(tmp_path):
    real = make_study(tmp_path / "real", point_at_a_server(0, 1), levels=(4,))
    mixed = make_study(tmp_path / "mixed", point_at_a_server(0), levels=(4,))

    assert "illustration" not in first_page(real).label
    assert first_page(mixed).label.endswith("(gpt-5.4)")


def test_a_run_that_was_broken_off_says_so_first(tmp_path):
    broken = make_study(tmp_path / "run", levels=(1, 4), client=Client(interrupted=True))

    warning = first_page(broken).warning
    assert warning.startswith("INCOMPLETE: ")
    assert "gpt-5.2-codex at 4 users" in warning


def test_a_complete_run_has_no_warning(study):
    assert first_page(study).warning == ""


@pytest.mark.parametrize("targets", [2, 3, 4])
def test_page_one_has_at_most_250_words_for_any_sensible_number_of_targets(targets, tmp_path):
    def multiply(scenario):
        scenario["target"] = [scenario["target"][0] | {"name": f"model-{n}"} for n in range(targets)]

    study = make_study(tmp_path / "run", multiply, levels=(1, 4), demand=PEAK)

    assert count_page(first_page(study)) <= 250


def warning_of_lost_rows(folder):
    """Of a ladder that lost every row of its second level."""
    make_run(folder, targets=("gpt-5.4",), levels=(1, 4))
    journal = folder / "attempts" / "worker-0.jsonl"
    journal.write_bytes(b"".join(line for line in journal.open("rb") if b'"level":4' not in line))
    return first_page(study_run(folder)).warning


def test_rows_that_are_missing_make_the_run_incomplete(tmp_path):
    warning = warning_of_lost_rows(tmp_path / "run")

    assert warning.startswith("INCOMPLETE: ")
    assert "gpt-5.4 at 4 users" in warning


def test_a_run_that_its_budget_ended_says_so_first(tmp_path):
    stopped = make_study(tmp_path / "run", levels=(4,), client=Client(budget="The cap of 10,000 tokens was reached."))

    assert first_page(stopped).warning.startswith("BUDGET_STOPPED: The cap of 10,000 tokens was reached.")


def test_what_an_open_loop_said_stands_under_the_decision(tmp_path):
    page = first_page(study_run(make_search_run(tmp_path / "run", targets=("gpt-5.4",))))
    [(_, _, why)] = page.decisions

    assert "5.2 requests/s" in why
    assert count_page(page) <= 250


def test_page_one_of_an_open_loop_speaks_of_no_users_at_once(tmp_path):
    page = first_page(study_run(make_open_run(tmp_path / "run")))

    assert "0.5–14 requests/s" in page.scope[0]
    assert any("14 requests/s" in line for line in page.not_tested)
    assert not any("users at once" in text or "14 users" in text for text in texts_of(page))


def named(tmp_path, *names):
    def multiply(scenario):
        scenario["target"] = [scenario["target"][0] | {"name": name} for name in names]

    return first_page(make_study(tmp_path / "run", multiply, levels=(1, 4), demand=PEAK))


@pytest.mark.parametrize(
    "names", [[f"m{n}" for n in range(6)], [f"m{n}" for n in range(12)], [f"gpt-5.4-eu-west-{n}" * 2 for n in range(3)]]
)
def test_more_targets_than_have_room_side_by_side_are_rows(names, tmp_path):
    page = named(tmp_path, *names)

    assert page.slo.columns[0].title == "Target"
    assert [row[0] for row in page.slo.rows] == names
    assert count_page(page) <= 250


def test_what_twelve_targets_leave_no_room_for_is_told_elsewhere(tmp_path):
    names = [f"m{n}" for n in range(12)]
    page = named(tmp_path, *names)

    assert any(line.startswith("Bill for 30 days: m0: ") for line in page.left_out)
    assert " ".join(target for _, target, _ in page.decisions).replace(",", "").replace(" and", "").split() == names


def test_a_remark_beside_a_value_is_set_off_from_it(study):
    rows = {row[0].text: row for row in first_page(study).slo.rows}

    assert rows["Highest load that meets it"][1] == ("16 users;", "missed at 64 users", "")


def test_a_share_of_a_quota_that_nobody_told_is_remarked_on_page_one(study):
    flag = Flag(
        name="QUOTA_UNTOLD", scope="level", target="m", level=1.0, repeat=None, voids="nothing", evidence="Not told."
    )

    assert first_page(replace(study, flags=[*study.flags, flag, flag])).warning == "QUOTA_UNTOLD: Not told."
