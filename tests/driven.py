"""Runs that are driven to their end with real processes and without a report, for tests of what a load does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from firsttoken.process import launch, run_folder
from firsttoken.results.folder import Run, open_run
from firsttoken.row import Row
from firsttoken.scenario.reading import load_scenario


def drive(folder: Path, scenario: str, workers: int = 1, overrides: Sequence[str] = ()) -> Run:
    """Run a scenario to its end; the run's folder lies in `folder`."""
    (folder / "plan.toml").write_text(scenario)
    plan = load_scenario(folder / "plan.toml", list(overrides))
    out = run_folder.open_folder(plan, folder / f"workers-{workers}")
    simulators = launch.Simulators(plan, truth=None)
    spec = launch.LoadSpec(folder=str(out), base_urls=simulators.base_urls, command=["test"], workers=workers)
    load = launch.Child("firsttoken.load.main", spec)
    try:
        *_, end = load.events()
    finally:
        load.stop()
        simulators.stop()
    assert end["failure"] is None
    return open_run(out)


def rows_of(folder: Path) -> list[Row]:
    """The journals' last word on every attempt."""
    lines = [line for path in (folder / "attempts").glob("*.jsonl") for line in path.read_bytes().splitlines()]
    rows = [msgspec.json.decode(line, type=Row) for line in lines]
    return list({(row.request_id, row.attempt): row for row in rows}.values())


def count_busy(rows: Sequence[Row], from_ns: int, to_ns: int) -> float:
    """How many requests were open on average, between two moments."""
    spans = [(max(row.intended_ns, from_ns), min(row.end_ns or to_ns, to_ns)) for row in rows]
    return sum(max(0, end_ns - begin_ns) for begin_ns, end_ns in spans) / (to_ns - from_ns)
