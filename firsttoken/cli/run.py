"""A run from the command line, step by step: what it will take, whether that is agreed to, the load, the report.

Rule: progress goes to stderr, results to stdout; a failure is a sentence that is handed back, and nobody exits here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from firsttoken.catalogue import load_catalogue
from firsttoken.cli import console, terminal
from firsttoken.cli.interrupts import Interrupts
from firsttoken.decide.judge.exit_code import FAILED, INTERRUPTED, find_exit_code
from firsttoken.error import FirstTokenError
from firsttoken.machine.readiness import UsageError, check_locustfile, find_doubts
from firsttoken.plan import estimate
from firsttoken.process import launch
from firsttoken.process.start import Workspace
from firsttoken.scenario.format import Scenario

if TYPE_CHECKING:
    from firsttoken.decide.study import Study


def foretell(plan: Scenario, workers: int, remote: int, *, as_json: bool) -> int:
    """Print what a run will take; nothing is sent and nothing is written."""
    check_locustfile(plan)
    foretold = estimate.estimate_run(plan, load_catalogue())
    for doubt in find_doubts(plan, os.environ, workers, remote):
        console.warn(doubt)
    if as_json:
        sys.stdout.write(msgspec.json.encode(foretold).decode() + "\n")
    else:
        terminal.show_estimate(foretold)
    return 0


def check_names(plan: Scenario) -> None:
    """Refuse names in letters that no font of this machine has: the report would have holes. Raises UsageError."""
    names = {"name": plan.name}
    for target in plan.target:
        names |= {f"target.{target.name}.name": target.name, f"target.{target.name}.model": target.model}
    if all(name.isascii() for name in names.values()):
        return
    from firsttoken.report.chart.letters import refuse_names

    if refused := refuse_names(names.items()):
        raise UsageError(refused)


def measure(plan: Scenario, workspace: Workspace, crew: launch.CrewSize, interrupts: Interrupts) -> str | None:
    """Start the load, show progress, end it; why it failed, in a sentence, if it did."""
    from firsttoken.cli import live

    folder, command = workspace.folder, ["firsttoken", *sys.argv[1:]]
    load = launch.LoadProcess(
        folder, workspace.simulators.base_urls, command, crew, hold=workspace.hold, relay=console.relay
    )
    try:
        interrupts.tell(load.finish_early)
        ending = live.follow(load.events(), plan.load.turns)
    finally:
        load.stop()
    if ending is None:
        return f"{folder}: the load process died; `firsttoken report {folder}` shows what was recorded"
    return str(ending["failure"]) if ending["failure"] else None


def study(folder: Path, *, has_ended: bool = False) -> Study:
    """Study a run, and keep its figures beside the rows: where nobody has yet, or it `has_ended` just now."""
    from firsttoken.decide.study import study_run
    from firsttoken.results import summary

    studied = study_run(folder)
    if has_ended or not (folder / summary.NAME).exists():
        summary.write_summary(folder, studied.figures)
    return studied


def conclude(folder: Path, *, failure: str | None, interrupts: Interrupts, as_json: bool) -> int:
    """Study the run, write its report, print its table; the exit code, which is also the one in the JSON.

    A run that failed is reported as far as it was measured. Raises UsageError where nothing was.
    """
    from firsttoken.report.build import build_report

    if failure and not interrupts.count and not _has_rows(folder):
        raise UsageError(failure)
    try:
        studied = study(folder, has_ended=True)
        if not as_json:
            terminal.show_study(studied)
        pdf = build_report(studied)
    except FirstTokenError as error:
        if failure is None:
            raise
        raise UsageError(f"{failure}; no report was made: {error}") from None
    broken = {"worker_lost": studied.worker_lost, "failed": bool(failure), "interrupted": interrupts.count > 0}
    code = find_exit_code(studied.words, **broken)
    if as_json:
        _write_result(folder, pdf, code, failure)
    else:
        terminal.say_report(pdf)
    if failure and not interrupts.count:
        console.complain(failure)
    return code


@contextmanager
def tell_as_json(folder: Path, as_json: bool) -> Iterator[None]:
    """Have the JSON say how a run ended also where it has no result, with the exit code that it is about to have."""
    try:
        yield
    except (FirstTokenError, KeyboardInterrupt) as problem:
        if as_json:
            is_told = isinstance(problem, FirstTokenError)
            _write_result(folder, None, FAILED if is_told else INTERRUPTED, str(problem) if is_told else None)
        raise


def _write_result(folder: Path, pdf: Path | None, code: int, failure: str | None) -> None:
    result = {"run": str(folder), "report": None if pdf is None else str(pdf), "exit_code": code}
    sys.stdout.write(json.dumps(result | ({"failure": failure} if failure else {})) + "\n")


def _has_rows(folder: Path) -> bool:
    return any(journal.stat().st_size for journal in (folder / "attempts").glob("*.jsonl"))


def work(master: str, spool: Path, interrupts: Interrupts) -> str | None:
    """Work for a run of another machine until it is over; why that failed, in a sentence, if it did."""
    from firsttoken.cli import live

    child = launch.WorkerProcess(master, spool)
    try:
        interrupts.tell(child.finish_early)
        ending = live.follow_worker(child.events())
    finally:
        child.stop()
    if ending is None:
        return f"the worker process died; its rows are in {spool}"
    return str(ending["failure"]) if ending["failure"] else None
