"""Spools: one process holds each, what was left is found, what has arrived is gone."""

from pathlib import Path

from firsttoken.load.workers.spool import Spool, SpoolFolder

KEY, OTHER = "0123456789abcdef", "fedcba9876543210"


def open_with_rows(spools: SpoolFolder, run_key: str, number: int) -> Spool:
    spool = spools.open("evening", run_key, number)
    spool.journal.parent.mkdir()
    spool.journal.write_bytes(b"row\n")
    return spool


def test_a_spool_is_found_once_its_process_has_gone_and_not_before(tmp_path: Path) -> None:
    first, second = SpoolFolder(tmp_path), SpoolFolder(tmp_path)
    left = open_with_rows(first, KEY, 2)
    assert second.find_left() == []

    first.release()

    assert second.find_left() == [left]


def test_what_is_found_is_held_by_the_finder(tmp_path: Path) -> None:
    first, finder, late = SpoolFolder(tmp_path), SpoolFolder(tmp_path), SpoolFolder(tmp_path)
    open_with_rows(first, KEY, 2)
    first.release()

    assert len(finder.find_left()) == 1
    assert late.find_left() == []


def test_a_spool_without_rows_is_no_loss_and_goes(tmp_path: Path) -> None:
    first, finder = SpoolFolder(tmp_path), SpoolFolder(tmp_path)
    first.open("evening", KEY, 1)
    first.release()

    assert finder.find_left() == []
    assert list(tmp_path.iterdir()) == []


def test_an_emptied_spool_is_gone_and_others_stay(tmp_path: Path) -> None:
    spools = SpoolFolder(tmp_path)
    done, kept = open_with_rows(spools, KEY, 1), open_with_rows(spools, OTHER, 1)

    spools.discard(done)

    assert [path.name for path in tmp_path.iterdir()] == [kept.folder.name]


def test_what_is_no_spool_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "run.json").write_text("{}")

    assert SpoolFolder(tmp_path).find_left() == []
    assert SpoolFolder(tmp_path / "nowhere").find_left() == []
    assert (tmp_path / "notes" / "run.json").exists()


def test_a_spool_says_where_its_rows_lie_and_how_to_add_them(tmp_path: Path) -> None:
    spool = open_with_rows(SpoolFolder(tmp_path), KEY, 2)

    sentence = spool.describe()

    assert f"rows of worker 2 of run evening are here, in {spool.journal}" in sentence
    assert "RUN/attempts/worker-2.jsonl" in sentence
    assert "`firsttoken report RUN`" in sentence
