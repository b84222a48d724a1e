"""A run folder opens whatever happened to its run, and says what is wrong with it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pytest

from firsttoken.error import RunFolderError
from firsttoken.results.columns import TYPES
from firsttoken.results.folder import Run, open_run
from firsttoken.row import Row, StageEvent
from tests.made_run import Client, make_run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("made") / "run", levels=(1, 16))


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of the made run that a test may spoil."""
    return Path(shutil.copytree(made, tmp_path / "run", ignore=shutil.ignore_patterns("attempts.parquet")))


def read_journal(folder: Path) -> list[Row]:
    """The rows that have ended, in the order of their journal."""
    lines = (folder / "attempts" / "worker-0.jsonl").read_bytes()
    return [row for row in msgspec.json.Decoder(Row).decode_lines(lines) if row.outcome is not None]


def append(folder: Path, name: str, content: bytes) -> None:
    with (folder / name).open("ab") as file:
        file.write(content)


def test_a_whole_run_opens_without_a_note(made: Path) -> None:
    run = open_run(made)

    assert run.notes == []
    assert run.complete
    assert run.manifest.run_id == "made-run"
    assert [(stage.target, stage.level) for stage in run.stages] == [
        ("gpt-5.2-codex", 1.0), ("gpt-5.4", 1.0), ("gpt-5.4", 16.0), ("gpt-5.2-codex", 16.0)
    ]  # fmt: skip
    assert len(run.health) > 60


def test_texts_are_tallied_the_most_frequent_first(folder: Path) -> None:
    served = ["m", None, "n", "m", "n", "m"]
    fields = {"attempt": 1, "outcome": "ok", "stage": 99}
    rows = [Row(request_id=f"x{n}", model_served=name, **fields) for n, name in enumerate(served)]
    append(folder, "attempts/worker-0.jsonl", msgspec.json.Encoder().encode_lines(rows))

    told = open_run(folder).count_values("model_served", "peer", where="stage = 99")

    assert {column: list(counts.items()) for column, counts in told.items()} == {
        "model_served": [("m", 3), ("n", 2)],
        "peer": [],
    }


def test_what_was_set_aside_is_told_by_the_first_rule_that_a_row_breaks(folder: Path) -> None:
    counts = [
        {"output_tokens": -1},
        {"output_tokens": -1, "input_tokens": -1},
        {"input_tokens": 10, "cached_tokens": 11},
    ]
    rows = [Row(request_id=f"x{n}", attempt=1, outcome="ok", stage=99, **told) for n, told in enumerate(counts)]
    append(folder, "attempts/worker-0.jsonl", msgspec.json.Encoder().encode_lines(rows))
    run = open_run(folder)

    assert run.set_aside("stage = 99") == {"a negative count": 2, "more cached than input tokens": 1}
    assert run.set_aside("stage = 0") == {}


def test_attempts_are_the_journal_in_numpy(made: Path) -> None:
    rows = sorted(read_journal(made), key=lambda row: (row.stage, row.end_ns, row.request_id))

    columns = open_run(made).attempts()

    assert list(columns) == list(TYPES)
    assert columns["request_id"].tolist() == [row.request_id for row in rows]
    assert columns["outcome"].tolist() == [row.outcome for row in rows]
    for name in ("sent_ns", "first_token_ns", "output_tokens", "backoff_ms"):
        expected = [np.nan if (value := getattr(row, name)) is None else value for row in rows]
        np.testing.assert_array_equal(columns[name], expected)
        assert columns[name].dtype == np.float64
    assert columns["token_events"].dtype == np.int64
    assert [gaps.tolist() for gaps in columns["gaps_us"]] == [row.gaps_us for row in rows]


def test_attempts_can_be_chosen_and_ordered(made: Path) -> None:
    run = open_run(made)

    columns = run.attempts("user", "sent_ns", where="stage = 2 AND phase = 'measure'", order="sent_ns DESC")

    assert list(columns) == ["user", "sent_ns"]
    assert len(columns["user"]) == len(columns["sent_ns"]) > 100
    assert (np.diff(columns["sent_ns"]) <= 0).all()


def test_what_is_derived_of_a_row_can_be_read_like_its_columns(made: Path) -> None:
    run = open_run(made)

    columns = run.attempts(
        "request_id", "file_row", "begins", "gap_count", "longest_gap_us", "summarised", "gaps_us",
        where="stage = 2", order="request_id, attempt",
    )  # fmt: skip

    names, gaps = columns["request_id"], columns["gaps_us"]
    assert columns["begins"].tolist() == [place == 0 or names[place] != names[place - 1] for place in range(len(names))]
    assert columns["gap_count"].tolist() == [len(each) for each in gaps]
    np.testing.assert_array_equal(columns["longest_gap_us"], [max(each, default=np.nan) for each in gaps])
    assert not columns["summarised"].any()
    assert run.attempts("request_id")["request_id"][columns["file_row"]].tolist() == names.tolist()


def test_gaps_are_read_between_two_rows_of_the_file(made: Path) -> None:
    run = open_run(made)
    gaps, stages = run.attempts("gaps_us", "stage").values()

    assert run.gaps(3, 9, where="true").tolist() == np.concatenate(gaps[3:10]).tolist()
    assert run.gaps(0, len(gaps), where="stage = 1").tolist() == np.concatenate(gaps[stages == 1]).tolist()
    assert run.gaps(3, 9, where="stage = 99").tolist() == []


def test_a_query_sees_the_columns_of_a_row_and_no_others(made: Path) -> None:
    names, _ = open_run(made).sql("FROM attempts LIMIT 0")

    assert names == list(TYPES)


def test_no_attempts_are_empty_arrays_of_the_same_types(made: Path) -> None:
    columns = open_run(made).attempts("sent_ns", "stage", "outcome", where="stage = 99")

    assert [(array.dtype, len(array)) for array in columns.values()] == [
        (np.dtype(np.float64), 0), (np.dtype(np.int64), 0), (np.dtype(object), 0)
    ]  # fmt: skip


def test_a_column_that_is_none_and_a_wrong_condition_are_sentences(made: Path) -> None:
    run = open_run(made)

    with pytest.raises(RunFolderError, match=r"expected columns of an attempt, got \['ttft'\]; they are: run_id, "):
        run.attempts("ttft")
    with pytest.raises(RunFolderError, match="expected conditions on attempts"):
        run.attempts("stage", where="stage ==== 1")


def test_a_killed_run_opens_and_says_what_is_missing(folder: Path) -> None:
    """The process died in the middle of a line of each file, and never marked the end of the last stage."""
    for name in ("stages.jsonl", "health.jsonl", "attempts/worker-0.jsonl"):
        content = (folder / name).read_bytes().rstrip(b"\n")
        (folder / name).write_bytes(content[:-20])
    manifest = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json").write_bytes(manifest.replace(b'"complete"', b'"running"'))

    run = open_run(folder)

    assert not run.complete
    assert run.stages[-1].end_ns is None
    assert run.notes == [
        "attempts/worker-0.jsonl ends in the middle of a line; that last line was left out.",
        "stages.jsonl ends in the middle of a line; that last line was left out.",
        "health.jsonl ends in the middle of a line; that last line was left out.",
        "The run did not finish (its manifest says: running).",
        "1 attempt has a start but no end in the journal: its outcome is `lost`.",
    ]


@pytest.mark.parametrize("lost", [0, 1])
def test_a_load_process_that_was_lost_may_have_started_more_than_it_told(folder: Path, lost: int) -> None:
    decoder, encoder = msgspec.json.Decoder(StageEvent), msgspec.json.Encoder()
    events = decoder.decode_lines((folder / "stages.jsonl").read_bytes())
    changed = [msgspec.structs.replace(event, started=max(0, event.started - 2), workers_lost=lost) for event in events]
    (folder / "stages.jsonl").write_bytes(encoder.encode_lines(changed))

    missing = open_run(folder).missing

    assert missing == ({} if lost else dict.fromkeys(range(4), 2))


def test_lost_attempts_are_rows_and_are_said(tmp_path: Path) -> None:
    run = open_run(make_run(tmp_path / "run", levels=(4,), client=Client(lost=3)))

    assert run.notes == ["3 attempts have a start but no end in the journal: their outcome is `lost`."]
    assert len(run.attempts("stage", where="outcome = 'lost' AND phase = 'measure'")["stage"]) == 3


def test_an_attempt_that_the_journal_lacks_altogether_is_missed(folder: Path) -> None:
    """The rows cannot be checked against themselves: the count of what was started is written apart."""
    journal = folder / "attempts" / "worker-0.jsonl"
    name = read_journal(folder)[5].request_id.encode()
    lines = [line for line in journal.read_bytes().splitlines(keepends=True) if b'"' + name + b'"' not in line]
    journal.write_bytes(b"".join(lines))

    (note,) = open_run(folder).notes

    assert note == "stage 0 (gpt-5.2-codex, level 1, repeat 0) counted 10 attempts as started, and the journal has 9."


def test_impossible_rows_are_set_aside_counted_and_still_there_to_look_at(folder: Path) -> None:
    journal = folder / "attempts" / "worker-0.jsonl"
    rows = read_journal(folder)
    rows[0].output_tokens, rows[1].sent_ns = -5, rows[1].end_ns
    journal.write_bytes(msgspec.json.Encoder().encode_lines(rows))

    run = open_run(folder)

    (note,) = run.notes
    assert note.startswith("2 impossible attempts are set aside and in no result: marks out of order (1), ")
    assert "a negative count (1)" in note
    assert len(run.attempts("stage")["stage"]) == len(rows) - 2
    assert run.sql("SELECT count(*) FROM quarantined")[1] == [(2,)]


def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    run = open_run(make_run(tmp_path / "run", levels=(4,), client=Client(interrupted=True)))

    assert run.notes == ["The run did not finish (its manifest says: interrupted)."]
    assert run.stages[-1].reason == "interrupted"
    assert run.stages[-1].window is not None


def test_a_run_that_never_sent_anything_opens(folder: Path) -> None:
    shutil.rmtree(folder / "attempts")
    for name in ("stages.jsonl", "health.jsonl"):
        (folder / name).unlink()

    run = open_run(folder)

    assert run.notes == ["stages.jsonl is missing.", "health.jsonl is missing."]
    assert run.stages == [] and run.health == []
    assert len(run.attempts("stage")["stage"]) == 0


def test_a_journal_that_grew_since_is_gathered_again(folder: Path) -> None:
    before = len(open_run(folder).attempts("stage")["stage"])
    append(folder, "attempts/worker-0.jsonl", msgspec.json.encode(Row(request_id="new", outcome="ok")) + b"\n")

    assert len(open_run(folder).attempts("stage")["stage"]) == before + 1


def test_reading_leaves_every_file_as_it_was(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    run = open_run(folder)
    run.attempts("stage")
    run.sql("FROM health")

    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path.name for path in after.keys() - before.keys()} == {"attempts.parquet"}
    assert all(after[path] == content for path, content in before.items())


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (shutil.rmtree, "expected a run folder with a manifest.json, got .*No such file"),
        (lambda folder: (folder / "manifest.json").unlink(), "expected a run folder with a manifest.json"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "expected the manifest of a run in"),
        (
            lambda folder: (folder / "manifest.json").write_bytes(
                (folder / "manifest.json").read_bytes().replace(b'"row_version": 2', b'"row_version": 3')
            ),
            "expected rows of version 2 or older in .*, got 3",
        ),
    ],
    ids=["missing", "not a run", "torn manifest", "later version"],
)
def test_a_folder_that_is_no_run_is_one_sentence(folder: Path, spoil: Callable[[Path], object], sentence: str) -> None:
    spoil(folder)

    with pytest.raises(RunFolderError, match=sentence):
        open_run(folder)


def test_rows_of_an_earlier_version_lack_what_came_later(folder: Path) -> None:
    open_run(folder).close()
    rows, old = folder / "attempts.parquet", folder / "old.parquet"
    duckdb.execute(f"COPY (SELECT * EXCLUDE (peer, model_served) FROM '{rows}') TO '{old}' (FORMAT parquet)")
    old.replace(rows)
    shutil.rmtree(folder / "attempts")
    run = open_run(folder)
    assert set(run.attempts("peer")["peer"]) == {None}
    assert run.sql("SELECT count(model_served) FROM attempts")[1] == [(0,)]


def test_rows_of_another_shape_are_one_sentence(folder: Path) -> None:
    shutil.rmtree(folder / "attempts")
    duckdb.execute(f"COPY (SELECT 1 AS x) TO '{folder / 'attempts.parquet'}'")

    with pytest.raises(RunFolderError, match="expected a readable run in"):
        open_run(folder)


def test_sql_reads_all_four_views(made: Path) -> None:
    run = open_run(made)

    names, rows = run.sql("SELECT target, count(*) AS n FROM attempts GROUP BY ALL ORDER BY ALL")
    assert names == ["target", "n"]
    assert [target for target, _ in rows] == ["gpt-5.2-codex", "gpt-5.4"]
    assert run.sql("SELECT max(level) FROM stages")[1] == [(16.0,)]
    assert run.sql("SELECT count(*) FROM health")[1] == [(len(run.health),)]
    assert run.sql("SELECT count(*) FROM quarantined")[1] == [(0,)]
    assert run.sql("DESCRIBE attempts")[1][0][0] == "run_id"


@pytest.mark.parametrize(
    "query",
    [
        "COPY attempts TO '{folder}/stolen.csv'",
        "COPY (SELECT 1) TO '{folder}/attempts.parquet' (USE_TMP_FILE false)",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/attempts.parquet' (USE_TMP_FILE false)",
        "ATTACH '{folder}/new.db'",
        "EXPORT DATABASE '{folder}/all'",
        "SELECT * FROM read_text('{folder}/manifest.json')",
        "FROM '{folder}/stages.jsonl'",
        "FROM query('COPY (SELECT 1) TO ''{folder}/stolen.csv''')",
        "FROM glob('{folder}/*')",
        "SET enable_external_access = true",
        "CREATE TABLE mine AS FROM attempts",
        "DROP VIEW attempts",
        "INSTALL httpfs",
        "SELECT 1; DROP VIEW attempts",
        "SELEC 1",
        "FROM nothing",
        "SELECT 1 / 'x'",
        "",
    ],
)
def test_sql_only_reads_and_says_no_in_one_sentence(folder: Path, query: str) -> None:
    run = open_run(folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    with pytest.raises(RunFolderError) as refusal:
        run.sql(query.format(folder=folder))

    assert "\n" not in str(refusal.value)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert is_usable(run)


def test_a_column_that_is_not_there_is_answered_with_one_that_is(made: Path) -> None:
    with pytest.raises(RunFolderError, match=r'"outcom" not found.*"outcome"'):
        open_run(made).sql("SELECT outcom FROM attempts")


def is_usable(run: Run) -> bool:
    return run.sql("SELECT count(*) > 100 FROM attempts")[1] == [(True,)]


def test_closing_leaves_no_spill_behind(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run = open_run(made)
    run.sql("SELECT count(*) FROM (FROM attempts ORDER BY request_id)")

    run.close()

    assert list(tmp_path.iterdir()) == []
