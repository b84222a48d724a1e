"""The journal: a start line before an end line, and a disk that refuses is loud and loses nothing."""

from pathlib import Path

import msgspec

from firsttoken.load.session.journal import Recorder
from firsttoken.row import Row
from tests.load.full_disk import small_files


def read_rows(folder: Path) -> list[Row]:
    journal = folder / "attempts/worker-0.jsonl"
    lines = journal.read_bytes().splitlines() if journal.exists() else []
    return [msgspec.json.decode(line, type=Row) for line in lines]


def test_an_attempt_is_journalled_before_it_is_sent_and_again_when_it_has_ended(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, worker=0)
    row = Row(request_id="0-0-0", attempt=1)

    recorder.begin_attempt(row)
    row.outcome = "ok"
    recorder.end_attempt(row)
    recorder.flush()

    assert [line.outcome for line in read_rows(tmp_path)] == [None, "ok"]
    assert recorder.started == {0: 1}


def test_nothing_is_on_disk_before_a_flush_and_everything_after(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, worker=0)
    recorder.begin_attempt(Row(request_id="0-0-0", attempt=1))
    assert read_rows(tmp_path) == []

    recorder.flush()

    assert len(read_rows(tmp_path)) == 1


def test_a_journal_that_nobody_writes_to_is_not_there(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, worker=0)
    recorder.begin_attempt(Row(request_id="0-0-0", attempt=1))
    recorder.close()

    assert [path.name for path in tmp_path.iterdir()] == ["attempts"]


def test_half_a_line_of_a_killed_run_does_not_spoil_the_next_one(tmp_path: Path) -> None:
    journal = tmp_path / "attempts" / "worker-0.jsonl"
    journal.parent.mkdir()
    journal.write_bytes(b'{"requ')

    recorder = Recorder(tmp_path, worker=0)
    recorder.begin_attempt(Row(request_id="0-0-0", attempt=1))
    recorder.close()

    torn, whole = journal.read_bytes().splitlines()
    assert torn == b'{"requ'
    assert msgspec.json.decode(whole, type=Row).request_id == "0-0-0"


def test_a_disk_that_refuses_is_said_and_what_was_written_stays_readable(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, worker=0)
    for number in range(200):
        recorder.begin_attempt(Row(request_id=f"0-0-{number}", attempt=1))

    with small_files():
        recorder.flush()
        recorder.flush()

    assert recorder.failure is not None
    assert "the rows so far are kept" in recorder.failure
    whole = (tmp_path / "attempts/worker-0.jsonl").read_bytes().rpartition(b"\n")[0].splitlines()
    assert len(whole) > 20
    assert all(msgspec.json.decode(line, type=Row).attempt == 1 for line in whole)
