"""Tests of firsttoken/report/page.py."""

import subprocess
import sys
from pathlib import Path

import pytest

from analysis import degradation
from firsttoken.report.page import Cell, Column, Page, Table, as_text, run_alone

ANALYSIS = Path(__file__).parents[2] / "analysis"
TABLE = Table(
    [Column("Target", words=True), Column("Users"), Column("First token", "s")],
    [("gpt-5.4", "1", Cell("0.700", "0.698–0.703")), ("", "64", Cell("2.96"))],
)


def test_a_row_must_have_a_cell_for_every_column():
    with pytest.raises(ValueError, match="expected 2 cells in a row, got 1"):
        Table([Column("Target"), Column("Users")], [("gpt-5.4",)])


def test_a_page_in_a_terminal_says_question_answer_table_and_notes():
    page = Page("slug", "Title", "How fast?", "Very fast", table=TABLE, notes=("Measured once.",))

    assert as_text(page) == (
        "How fast?\n\nVery fast\n\n"
        "Target   Users      First token s\n"
        "gpt-5.4      1  0.700 0.698–0.703\n"
        "            64               2.96\n\n"
        "Note: Measured once."
    )


def test_an_analysis_file_alone_prints_its_page_and_writes_its_figure(study, tmp_path):
    out = tmp_path / "chart.svg"

    command = [sys.executable, ANALYSIS / "degradation.py", study.run.path, "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert "How does load change the throughput" in done.stdout
    assert "gpt-5.4" in done.stdout
    assert out.read_text().startswith("<?xml")


def test_an_analysis_file_that_is_given_no_run_says_so_in_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["degradation.py", str(tmp_path)])

    status = run_alone(degradation.build, degradation.__doc__)

    out, err = capsys.readouterr()
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "expected a run folder" in err


def test_the_help_of_an_analysis_file_is_its_header(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["degradation.py", "--help"])

    with pytest.raises(SystemExit, match="0"):
        run_alone(degradation.build, degradation.__doc__)

    assert "How does load change the throughput" in capsys.readouterr().out


def test_an_analysis_file_without_a_run_exits_with_1(monkeypatch, capsys):
    """2 would mean that an SLO was missed."""
    monkeypatch.setattr(sys, "argv", ["degradation.py"])

    with pytest.raises(SystemExit) as stopped:
        run_alone(degradation.build, degradation.__doc__)

    assert stopped.value.code == 1
    assert "the following arguments are required: RUN" in capsys.readouterr().err
