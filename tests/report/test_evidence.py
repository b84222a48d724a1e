"""Tests of firsttoken/report/evidence.py."""

import json
import re
from dataclasses import replace

import msgspec

from firsttoken.decide.flags.flag import Flag
from firsttoken.decide.study import study_run
from firsttoken.report.evidence import list_run_remarks, write_evidence, write_validity
from firsttoken.report.first_page import first_page
from firsttoken.report.instrument_error import write_ms
from tests.made_run import Client, make_run
from tests.made_stage import FLAWLESS
from tests.report.studies import make_study


def test_the_evidence_of_a_simulated_run_in_one_line(study):
    asked = sum(study.result(target, "requests").n for target in study.targets)

    assert re.fullmatch(
        rf"Valid; 1 repeat; {asked:,} requests; first tokens timed within 0\.10 ms; \$0 spent; "
        r"run made-run; check: firsttoken verify RUN\.",
        write_evidence(study),
    )


def test_the_instrument_error_is_that_of_the_charts(study, monkeypatch):
    """A server's own log may know of more error than the brackets admit."""
    monkeypatch.setattr("firsttoken.report.evidence.worst_ms", lambda _: 0.061)

    assert "first tokens timed within 0.06 ms" in write_evidence(study)
    assert write_ms(0.061) == "0.06 ms"


def test_void_levels_are_counted_once_each(tmp_path):
    lagging = make_study(tmp_path / "run", levels=(1, 4), client=Client(hub_lag_ms=60.0))

    assert write_evidence(lagging).startswith("4 levels void;")


def test_a_level_that_cannot_pass_is_not_called_valid(study):
    def validity_with(voids):
        flag = Flag(
            name="ENDPOINT_CHANGED", scope="level", target="gpt-5.4", level=4.0, repeat=0, voids=voids, evidence=""
        )
        return write_validity(replace(study, flags=[*study.flags, flag]))

    assert validity_with("pass") == "1 level cannot pass"
    assert validity_with("both") == "1 level void"
    assert validity_with("nothing") == "Valid"


def test_a_level_whose_pace_nobody_knows_cannot_pass(study):
    target_verdict = study.target_verdicts["gpt-5.4"]
    unpaced = replace(
        target_verdict, levels=[replace(target_verdict.levels[0], unpaced=True), *target_verdict.levels[1:]]
    )

    assert (
        write_validity(replace(study, target_verdicts={**study.target_verdicts, "gpt-5.4": unpaced}))
        == "1 level cannot pass"
    )


def test_a_run_that_measured_nothing_is_not_called_valid(empty_study):
    assert write_validity(empty_study).startswith("Nothing measured")


def test_a_run_that_lost_a_worker_between_its_stages_is_not_called_valid(study):
    flag = Flag(name="WORKER_LOST", scope="run", target="", level=None, repeat=None, voids="nothing", evidence="")

    assert write_validity(replace(study, flags=[*study.flags, flag])) == "A worker lost"


def test_what_a_real_service_answered_costs_what_its_source_says(tmp_path):
    def point_at_a_server(scenario):
        scenario["target"][0]["base_url"] = "http://127.0.0.1:9/v1"

    real = make_study(
        tmp_path / "run",
        point_at_a_server,
        targets=("gpt-5.4",),
        levels=(4,),
        answers=FLAWLESS,
    )

    tokens = real.run.attempts("input_tokens", "output_tokens", where="outcome = 'length'")
    dollars = (5.50 * tokens["input_tokens"].sum() + 18.00 * tokens["output_tokens"].sum()) / 1e6
    spent = float(re.search(r"\$([\d.]+) spent", write_evidence(real)).group(1))
    assert 0.9 * dollars < spent < 1.2 * dollars


def test_an_unknown_price_is_not_said_to_cost_nothing(tmp_path):
    def hide_price(scenario):
        scenario["target"][0] |= {"base_url": "http://127.0.0.1:9/v1", "prices": "unknown"}

    unpriced = make_study(tmp_path / "run", hide_price, targets=("gpt-5.4",), levels=(1,))

    assert "unknown dollars spent" in write_evidence(unpriced)


def test_a_run_without_a_first_token_says_so(empty_study):
    assert "no first token timed" in write_evidence(empty_study)


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
