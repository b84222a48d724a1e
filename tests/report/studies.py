"""Studied runs for the tests of pages and reports: a made run of two models, and changes to it."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import tomli_w

from firsttoken.decide.study import Study, study_run
from tests.made_run import Client, make_run

Tables = dict[str, object]
PEAK: Tables = {"output_tokens_per_day": 10_000_000, "peak_rps": 4.0}


def make_study(folder: Path, change: Callable[[Tables], None] | None = None, **made: object) -> Study:
    """A made run, its scenario changed in place by `change`, studied."""
    make_run(folder, **made)
    return study_again(folder, change) if change else study_run(folder)


def study_again(folder: Path, change: Callable[[Tables], None]) -> Study:
    """A made run, studied as if its scenario had said something else."""
    file = folder / "scenario.toml"
    scenario = tomllib.loads(file.read_text())
    change(scenario)
    file.write_text(tomli_w.dumps(scenario))
    return study_run(folder)


def hide_prices(scenario: Tables) -> None:
    """A change: no target states what it costs."""
    for target in scenario["target"]:
        target["prices"] = "unknown"


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Two models at 1, 4, 16 and 64 users, once; the last level drowns in 429s."""
    return make_study(tmp_path_factory.mktemp("study") / "run", demand=PEAK)


@pytest.fixture(scope="session")
def empty_study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A run that was killed before it sent anything."""
    folder = tmp_path_factory.mktemp("empty") / "run"
    make_run(folder, levels=(1,), client=Client(interrupted=True))
    for name in ("stages.jsonl", "health.jsonl", "attempts/worker-0.jsonl"):
        (folder / name).write_text("")
    return study_run(folder)
