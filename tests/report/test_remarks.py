"""Tests of firsttoken/report/remarks.py."""

import json

import msgspec

from firsttoken.decide.study import study_run
from firsttoken.report.first_page import first_page
from firsttoken.report.remarks import list_run_remarks
from tests.made_run import make_run


def change_manifest(folder, **values):
    manifest = folder / "manifest.json"
    manifest.write_bytes(msgspec.json.encode(msgspec.json.decode(manifest.read_bytes()) | values))


def test_a_plain_run_needs_no_remark(study):
    assert list(list_run_remarks(study)) == []


def test_users_of_other_classes_are_named_with_what_they_did(tmp_path):
    folder = make_run(tmp_path / "run", levels=(4,), targets=("gpt-5.4",))
    change_manifest(folder, others={"Health": 2}, others_requests=1300, others_failures=4)

    assert first_page(study_run(folder)).remarks[-1] == (
        "Users of other classes ran too: Health (2). Their requests (about 1,300, 4 failed) are in no result."
    )


def test_rows_that_cannot_be_are_counted(tmp_path):
    folder = make_run(tmp_path / "run", levels=(4,), targets=("gpt-5.4",))
    journal = folder / "attempts" / "worker-0.jsonl"
    rows = [json.loads(line) for line in journal.read_text().splitlines()]
    spoiled = next(row for row in rows if row.get("outcome") == "length")
    spoiled["end_ns"] = spoiled["sent_ns"] - 1
    journal.write_text("".join(json.dumps(row) + "\n" for row in rows))

    [remark] = [each for each in first_page(study_run(folder)).remarks if "set aside" in each]
    assert remark.startswith("1 row is impossible, set aside and in no result: ")


def test_a_run_that_failed_says_why(tmp_path):
    folder = make_run(tmp_path / "run", levels=(4,), targets=("gpt-5.4",))
    change_manifest(folder, state="failed", reason="locustfiles/chat.py:12: AttributeError: no text")

    warning = first_page(study_run(folder)).warning
    assert warning.startswith("INCOMPLETE: the run failed: locustfiles/chat.py:12: AttributeError: no text")
    assert warning.endswith(". The results until then follow.")
