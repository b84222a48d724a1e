"""The journal becomes one row per attempt, whatever happened to the run."""

from pathlib import Path

import duckdb
import msgspec
import pytest

from firsttoken.error import RunFolderError
from firsttoken.results.columns import TYPES
from firsttoken.results.gather import NAME, gather, read_notes
from firsttoken.row import Row


def write_journal(folder: Path, *lines: Row | bytes, worker: int = 0) -> Path:
    """A journal of rows, and of bytes as they are (their own newline included)."""
    path = folder / "attempts" / f"worker-{worker}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(line if isinstance(line, bytes) else msgspec.json.encode(line) + b"\n" for line in lines))
    return path


def gathered(folder: Path) -> list[Row]:
    """The rows of attempts.parquet, as rows again."""
    with duckdb.connect() as connection:
        answer = connection.execute("FROM read_parquet(?)", [str(folder / NAME)])
        names = [column[0] for column in answer.description or []]
        return [msgspec.convert(dict(zip(names, values, strict=True)), Row) for values in answer.fetchall()]


def started(name: str, attempt: int = 1) -> Row:
    return Row(request_id=name, attempt=attempt, stage=3, intended_ns=7)


def ended(name: str, attempt: int = 1, end_ns: int = 50) -> Row:
    return Row(request_id=name, attempt=attempt, stage=3, intended_ns=7, outcome="ok", end_ns=end_ns, gaps_us=[1, 2])


FULL = Row(
    run_id="r", target="it's", stage=1, level=4.5, repeat=2, phase="measure", worker=3, user=5, request_id="full",
    attempt=2, turn=1, prompt_id="p", intended_ns=1, connect_start_ns=2, connected_ns=3, sent_ns=4, uploaded_ns=5,
    headers_ns=6, first_event_ns=7, first_token_early_ns=8, first_token_ns=9, first_visible_ns=10, last_token_ns=11,
    end_ns=2**53, stamp="kernel", resends=1, connection_reused=True, outcome="ok", http_status=200,
    finish_reason="stop", error="ü", retry_after_ms=1.5, backoff_ms=2.5, input_tokens=1, cached_tokens=0,
    output_tokens=3, reasoning_tokens=0, token_source="usage", events=4, token_events=3, bytes_received=99,
    gaps_us=[5, 6], server_request_id="s", server_processing_ms=3.5, ratelimit_limit_requests=1,
    ratelimit_limit_tokens=2, ratelimit_remaining_requests=3, ratelimit_remaining_tokens=4,
    ratelimit_reset_requests_ms=5.5, ratelimit_reset_tokens_ms=6.5, checks=["a", "b"],
)  # fmt: skip


def test_a_row_comes_back_as_it_was_written(tmp_path: Path) -> None:
    bare = Row(request_id="bare", outcome="connect")
    write_journal(tmp_path, FULL, bare)

    assert gather(tmp_path) == []
    assert gathered(tmp_path) == [bare, FULL]


@pytest.mark.parametrize("lines", [(), (Row(request_id="a", outcome="ok"),)], ids=["no rows", "nothing but defaults"])
def test_the_columns_are_those_of_the_row_in_order_and_type(tmp_path: Path, lines: tuple[Row, ...]) -> None:
    write_journal(tmp_path, *lines)

    gather(tmp_path)

    with duckdb.connect() as connection:
        described = connection.execute(f"DESCRIBE FROM '{tmp_path / NAME}'").fetchall()
    assert {name: kind for name, kind, *_ in described} == TYPES
    assert [name for name, *_ in described] == list(Row.__struct_fields__)


def test_a_run_without_any_journal_has_no_rows(tmp_path: Path) -> None:
    assert gather(tmp_path) == []
    assert gathered(tmp_path) == []


def test_the_end_line_wins_over_the_start_line(tmp_path: Path) -> None:
    write_journal(tmp_path, started("a"), started("b"), ended("b"), ended("a"))

    gather(tmp_path)

    assert [(row.request_id, row.outcome) for row in gathered(tmp_path)] == [("a", "ok"), ("b", "ok")]


def test_a_start_without_an_end_is_lost(tmp_path: Path) -> None:
    write_journal(tmp_path, started("a"), ended("a"), started("a", attempt=2), started("b"))

    gather(tmp_path)

    outcomes = [(row.request_id, row.attempt, row.outcome, row.stage) for row in gathered(tmp_path)]
    assert outcomes == [("a", 1, "ok", 3), ("a", 2, "lost", 3), ("b", 1, "lost", 3)]


def test_a_batch_that_was_sent_twice_counts_once_and_is_said(tmp_path: Path) -> None:
    write_journal(tmp_path, started("a"), ended("a", end_ns=60), ended("a", end_ns=50), started("a"), ended("b"))

    (note,) = gather(tmp_path)

    assert note == "1 attempts were journalled more than once; the latest end of each counts."
    assert sorted((row.request_id, row.end_ns) for row in gathered(tmp_path)) == [("a", 60), ("b", 50)]


def test_a_torn_last_line_is_left_out_and_said(tmp_path: Path) -> None:
    write_journal(tmp_path, started("a"), ended("a"), started("b"), msgspec.json.encode(ended("b"))[:-9])

    (note,) = gather(tmp_path)

    assert note == "attempts/worker-0.jsonl ends in the middle of a line; that last line was left out."
    assert [(row.request_id, row.outcome) for row in gathered(tmp_path)] == [("a", "ok"), ("b", "lost")]


def test_a_last_line_without_its_newline_is_not_torn(tmp_path: Path) -> None:
    write_journal(tmp_path, ended("a"), msgspec.json.encode(ended("b")))

    assert gather(tmp_path) == []
    assert len(gathered(tmp_path)) == 2


@pytest.mark.parametrize(
    "rubbish", [b'{"request_id":"x","atte\n', b"\xff\xfe\x00\n", b"[1, 2]\n", b"7\n", b'{"request_id":"x{"a":1}\n']
)
def test_broken_lines_in_the_middle_are_counted_and_take_no_others_with_them(tmp_path: Path, rubbish: bytes) -> None:
    write_journal(tmp_path, ended("a"), rubbish, b"\n", rubbish, ended("b"))

    (note,) = gather(tmp_path)

    assert note == "The journal has 2 broken lines; left out."
    assert [row.request_id for row in gathered(tmp_path)] == ["a", "b"]


@pytest.mark.parametrize("workers", [4, 16])
def test_the_rows_do_not_depend_on_how_many_workers_wrote_them(tmp_path: Path, workers: int) -> None:
    rows = [ended(f"r{number}", end_ns=1000 - number // 2) for number in range(40)]
    alone, together = tmp_path / "alone", tmp_path / "together"
    alone.mkdir()
    together.mkdir()
    write_journal(alone, *rows)
    for worker in range(workers):
        write_journal(together, *rows[worker::workers], worker=worker)

    gather(alone)
    gather(together)

    assert gathered(alone) == gathered(together)


def test_the_same_journal_gives_the_same_bytes(tmp_path: Path) -> None:
    write_journal(tmp_path, *(line for number in range(5000) for line in (started(f"{number}"), ended(f"{number}"))))

    gather(tmp_path)
    first = (tmp_path / NAME).read_bytes()
    gather(tmp_path)

    assert (tmp_path / NAME).read_bytes() == first


def test_a_folder_named_with_a_pattern_is_read_literally(tmp_path: Path) -> None:
    folder, other = tmp_path / "it's [1] *?", tmp_path / "it's 1 xx"
    folder.mkdir()
    other.mkdir()
    write_journal(folder, ended("mine"))
    write_journal(other, ended("not mine"))

    gather(folder)

    assert [row.request_id for row in gathered(folder)] == ["mine"]
    assert read_notes(folder) == []


def test_the_gathered_file_is_good_until_a_journal_grows(tmp_path: Path) -> None:
    journal = write_journal(tmp_path, ended("a"), b'{"to')
    assert read_notes(tmp_path) is None

    notes = gather(tmp_path)
    assert read_notes(tmp_path) == notes != []

    with journal.open("ab") as more:
        more.write(b"\n")
    assert read_notes(tmp_path) is None


def test_gathered_rows_stand_for_themselves_once_the_journals_are_gone(tmp_path: Path) -> None:
    journal = write_journal(tmp_path, ended("a"))
    gather(tmp_path)
    journal.unlink()

    assert read_notes(tmp_path) == []


def test_gathered_rows_that_cannot_be_read_are_gathered_again(tmp_path: Path) -> None:
    write_journal(tmp_path, ended("a"))
    (tmp_path / NAME).write_bytes(b"PAR1 no more")

    assert read_notes(tmp_path) is None


def test_and_are_an_error_where_no_journal_is_left(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"PAR1 no more")

    with pytest.raises(RunFolderError, match="no journal is left"):
        read_notes(tmp_path)


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    write_journal(tmp_path, ended("a"))
    (tmp_path / NAME / "in the way").mkdir(parents=True)

    with pytest.raises(RunFolderError, match=r"expected to gather .*attempts into .*; the journals are unchanged"):
        gather(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["attempts", NAME]
