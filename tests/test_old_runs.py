"""A run folder of an older version is read for ever: its rows are asked, its report made and its figures verified.

Rule: `results/row_version_1/` is as FirstToken wrote it before rows had names, sessions and peers. It is never made
anew.
"""

import json
import shutil
from pathlib import Path

import pytest

from firsttoken.row import ROW_VERSION
from tests.command import firsttoken

FIRST = Path(__file__).parent / "results" / "row_version_1"
NEWER = ("name", "transaction", "session", "peer", "model_served", "cache_write_tokens", "asked_input_tokens")


@pytest.fixture(params=["gathered", "only journals"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder as it was left, and as a killed command would have left it: without attempts.parquet."""
    folder = tmp_path / "old"
    shutil.copytree(FIRST, folder)
    if request.param == "only journals":
        (folder / "attempts.parquet").unlink()
    return folder


def ask(folder: Path, query: str) -> list[dict[str, object]]:
    answer = firsttoken("sql", folder, query, "--json")
    assert answer.returncode == 0, answer.stderr
    rows: list[dict[str, object]] = json.loads(answer.stdout)
    return rows


def test_it_is_an_older_one():
    assert json.loads((FIRST / "manifest.json").read_bytes())["row_version"] == 1 < ROW_VERSION


def test_its_rows_can_be_asked_and_are_all_there(old):
    assert {
        row["outcome"]: row["n"] for row in ask(old, "SELECT outcome, count(*) AS n FROM attempts GROUP BY ALL")
    } == {
        "length": 70,
        "rate_limited": 21,
        "cancelled_by_run": 12,
        "truncated": 2,
        "http_5xx": 1,
    }


def test_what_it_could_not_know_is_absent(old):
    counted = ", ".join(f"count({column}) AS {column}" for column in NEWER)

    assert ask(old, f"SELECT {counted} FROM attempts") == [dict.fromkeys(NEWER, 0)]


def test_that_its_results_were_made_under_older_rules_is_all_that_verify_says(old):
    answer, told = firsttoken("verify", old), firsttoken("verify", old, "--json")

    assert (answer.returncode, told.returncode) == (4, 4)
    assert f"{old}: its results were made under older rules (no definitions are stated;" in answer.stderr
    assert json.loads(told.stdout)["figures"] == 0


def test_its_results_computed_again_are_verified(old, tmp_path):
    (old / "summary.json").unlink()
    firsttoken("report", old, "--out", tmp_path / "again.pdf")
    answer = firsttoken("verify", old, "--json")

    assert answer.returncode == 0, answer.stdout
    assert json.loads(answer.stdout)["figures"] > 400


def test_its_report_can_be_made_again(old, tmp_path):
    answer = firsttoken("report", old, "--out", tmp_path / "again.pdf")

    assert "Traceback" not in answer.stderr
    assert (tmp_path / "again.pdf").read_bytes().startswith(b"%PDF")
    assert str(tmp_path / "again.pdf") in answer.stdout
