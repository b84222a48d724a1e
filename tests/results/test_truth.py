"""The servers' truth beside the rows: on the same clock, and never a row of its own."""

import json
from pathlib import Path

from firsttoken.results.folder import open_run
from tests.made_run import make_run


def write_truth(folder: Path, late_ns: int, **changes: object) -> int:
    """A truth log in which every first token was written `late_ns` before it was measured; how many lines."""
    run = open_run(folder)
    origin_ns = run.manifest.origin_monotonic_ns
    marks = "server_request_id, sent_ns, first_token_ns, last_token_ns"
    rows = run.sql(f"SELECT {marks} FROM attempts WHERE first_token_ns IS NOT NULL")[1]
    entries = [
        {
            "request_id": name,
            "arrival_ns": sent_ns + origin_ns,
            "first_token_ns": first_ns - late_ns + origin_ns,
            "last_token_ns": last_ns - late_ns + origin_ns,
            "tokens": 128,
        }
        | changes
        for name, sent_ns, first_ns, last_ns in rows
    ]
    (folder / "truth").mkdir(exist_ok=True)
    (folder / "truth" / "all.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return len(entries)


def test_a_run_without_truth_logs_compares_nothing(tmp_path):
    run = open_run(make_run(tmp_path / "run", levels=(1,)))

    assert len(run.compare_truth("true")["first_token_ns"]) == 0


def test_measured_and_true_are_joined_by_the_servers_request_id(tmp_path):
    folder = make_run(tmp_path / "run", levels=(1, 4))
    lines = write_truth(folder, late_ns=40_000)

    truth = open_run(folder).compare_truth("true")

    assert len(truth["first_token_ns"]) == lines > 10
    assert set(truth["first_token_ns"]) == {40_000}
    assert (truth["decode_ns"] == truth["true_decode_ns"]).all()


def test_a_torn_line_of_a_truth_log_is_no_truth(tmp_path):
    folder = make_run(tmp_path / "run", levels=(1,))
    lines = write_truth(folder, late_ns=0)
    with (folder / "truth" / "all.jsonl").open("a") as log:
        log.write('{"request_id": "torn", "first_tok')

    assert len(open_run(folder).compare_truth("true")["first_token_ns"]) == lines


def test_an_answer_that_never_showed_a_token_has_no_truth_to_compare(tmp_path):
    folder = make_run(tmp_path / "run", levels=(1,))
    write_truth(folder, late_ns=0, first_token_ns=None)

    assert len(open_run(folder).compare_truth("true")["first_token_ns"]) == 0


def test_sql_sees_the_truth_too(tmp_path):
    folder = make_run(tmp_path / "run", levels=(1,))
    lines = write_truth(folder, late_ns=0)

    assert open_run(folder).sql("SELECT count(*) FROM truth")[1] == [(lines,)]
