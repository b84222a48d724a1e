"""Runs that are driven to their end with real processes and without a report, for tests of what a load does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from firsttoken.process.launch import Child, LoadSpec
from firsttoken.process.run_folder import open_folder
from firsttoken.process.start import open_workspace
from firsttoken.results.folder import Run, open_run
from firsttoken.row import Row
from firsttoken.scenario.reading import load_scenario

HEAD = """
import logging, os, subprocess
import gevent
from locust import HttpUser, SequentialTaskSet, TaskSet, between, constant, task
from locust.exception import StopUser
from firsttoken.locust import DRAWN, StreamingUser
"""
"""What every one of these locustfiles begins with."""

PLAN = """
name = "behaved"
[[target]]
model = "gpt-5.4"
simulator = { ttft_s = 0.1, tokens_per_s = 200, slots = 64, queue = 64 }
[traffic]
locustfile = "LOCUSTFILE"
input_tokens = 20
output_tokens = 16
[load]
LOAD
settle = "300ms"
measure = "2s"
hold = "3s"
[slo]
ttft = "2s"
share = 0.5
"""


LEVEL = 'users = [3]\nramp = "0s"'


@dataclass(frozen=True)
class Behaved:
    """What became of a run."""

    failure: str | None
    said: list[str]
    """Lines that came by its processes' stderr."""
    run: Run
    rows: list[Row]
    folder: Path

    @property
    def outcomes(self) -> set[str | None]:
        return {row.outcome for row in self.rows}


def behave(
    folder: Path, code: str, workers: int = 1, load: str = LEVEL, sets: Sequence[str] = (), **overrides: object
) -> Behaved:
    """Run a locustfile with this code to the run's end, under this load; each override is a key of [load]."""
    locustfile = folder / "behaved.py"
    locustfile.write_text(HEAD + code)
    return behave_as(str(locustfile), folder, workers, load, [*(f"load.{k}={v}" for k, v in overrides.items()), *sets])


def behave_as(locustfile: str, folder: Path, workers: int = 1, load: str = LEVEL, sets: Sequence[str] = ()) -> Behaved:
    """Run a locustfile to the run's end, under this load; `sets` as for `--set`."""
    plan = PLAN.replace("LOCUSTFILE", locustfile).replace("LOAD", load)
    if any(each.startswith("traffic.prompts") for each in sets):
        plan = plan.replace("input_tokens = 20\n", "")
    return _run(folder, plan, workers, sets)


def drive(folder: Path, scenario: str, workers: int = 1, overrides: Sequence[str] = ()) -> Run:
    """Run a scenario to its end; the run's folder lies in `folder`."""
    behaved = _run(folder, scenario, workers, overrides)
    assert behaved.failure is None
    return behaved.run


def _run(folder: Path, scenario: str, workers: int, overrides: Sequence[str]) -> Behaved:
    (folder / "plan.toml").write_text(scenario)
    plan = load_scenario(folder / "plan.toml", overrides)
    said: list[str] = []
    with open_workspace(plan, open_folder(plan, folder / f"workers-{workers}")) as workspace:
        spec = LoadSpec(
            folder=str(workspace.folder), base_urls=workspace.simulators.base_urls, command=["test"], workers=workers
        )
        child = Child("firsttoken.load.main", spec, keeps=[workspace.hold], relay=said.append)
        try:
            *_, end = child.events()
        finally:
            child.stop()
    failure = None if end["failure"] is None else str(end["failure"])
    return Behaved(failure, said, open_run(workspace.folder), rows_of(workspace.folder), workspace.folder)


def rows_of(folder: Path) -> list[Row]:
    """The journals' last word on every attempt."""
    lines = [line for path in (folder / "attempts").glob("*.jsonl") for line in path.read_bytes().splitlines()]
    rows = [msgspec.json.decode(line, type=Row) for line in lines]
    return list({(row.request_id, row.attempt): row for row in rows}.values())


def count_busy(rows: Sequence[Row], from_ns: int, to_ns: int) -> float:
    """How many requests were open on average, between two moments."""
    spans = [(max(row.intended_ns, from_ns), min(row.end_ns or to_ns, to_ns)) for row in rows]
    return sum(max(0, end_ns - begin_ns) for begin_ns, end_ns in spans) / (to_ns - from_ns)
