"""Truth reaches its file line by line, nulls included."""

from firsttoken.simulator.truth import Truth, TruthLog


def test_a_line_holds_every_mark_and_null_for_what_did_not_happen(tmp_path):
    log = TruthLog(tmp_path / "truth.jsonl")
    log.add(Truth(request_id="req_1", model="m", status=429, arrival_ns=5, end_ns=6))
    log.flush()
    assert (tmp_path / "truth.jsonl").read_text() == (
        '{"request_id":"req_1","model":"m","status":429,"arrival_ns":5,"first_token_ns":null,"last_token_ns":null,'
        '"end_ns":6,"tokens":0,"fault":null,"slot_wait_ns":null}\n'
    )


def test_closing_writes_what_was_buffered(tmp_path):
    log = TruthLog(tmp_path / "truth.jsonl")
    for number in range(3):
        log.add(Truth(request_id=f"req_{number}", model="m", arrival_ns=number))
    log.close()
    assert len((tmp_path / "truth.jsonl").read_text().splitlines()) == 3


def test_without_a_path_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = TruthLog(None)
    log.add(Truth(request_id="req_1", model="m", arrival_ns=5))
    log.flush()
    log.close()

    assert list(tmp_path.iterdir()) == []


def test_a_log_that_is_there_is_gone_on_with(tmp_path):
    for number in range(2):
        log = TruthLog(tmp_path / "truth.jsonl")
        log.add(Truth(request_id=f"req_{number}", model="m", arrival_ns=number))
        log.close()
    assert len((tmp_path / "truth.jsonl").read_text().splitlines()) == 2
