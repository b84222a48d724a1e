"""What comes before a run's load: who agrees to it, and whose its folder is."""

import io
import sys
from pathlib import Path

import pytest

from firsttoken.machine.readiness import UsageError
from firsttoken.process import start
from firsttoken.process.launch import LaunchError
from firsttoken.process.run_folder import open_folder
from firsttoken.scenario.reading import load_scenario
from tests.command import FAST, REAL, write_scenario


def test_nobody_is_asked_where_nobody_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))

    assert start.confirm("Dear?") is None


def test_a_dear_run_is_refused_where_nobody_is_asked_and_agreed_to_by_yes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dear = REAL.replace('prices = "unknown"', "price = { input = 3000.0, output = 9000.0 }")
    plan = load_scenario(write_scenario(tmp_path, dear))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    environ = {"FIRSTTOKEN_TEST_KEY": "sk-1"}

    with pytest.raises(UsageError, match="--yes"):
        start.agree(plan, environ, lambda _sentence: None)
    start.agree(plan, environ, lambda _sentence: None, yes=True)


def test_a_folder_is_one_runs_at_a_time_and_its_simulators_end_with_it(tmp_path: Path) -> None:
    plan = load_scenario(write_scenario(tmp_path, FAST))
    folder = open_folder(plan, tmp_path / "out")

    with start.open_workspace(plan, folder) as workspace:
        assert len(workspace.simulators.pids) == 2
        with (
            pytest.raises(LaunchError, match="another `firsttoken run` is writing to it"),
            start.open_workspace(plan, folder),
        ):
            raise AssertionError("two runs in one folder")

    assert workspace.simulators.pids == []
    with start.open_workspace(plan, folder):
        pass
