"""A run from the command line, step by step: what it will take, whether that is agreed to, the load, the report.

Rule: progress goes to stderr, results to stdout; a failure is a sentence that is handed back, and nobody exits here.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from firsttoken import console, estimate, launch, live, terminal
from firsttoken.catalogue import load_catalogue
from firsttoken.interrupts import Interrupts
from firsttoken.readiness import UsageError, find_doubts
from firsttoken.scenario.format import Scenario

if TYPE_CHECKING:
    from firsttoken.decide.study import Study


def foretell(plan: Scenario, workers: int, remote: int, *, as_json: bool) -> int:
    """Print what a run will take; nothing is sent and nothing is written."""
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
    from firsttoken.report.letters import refuse_names

    if refused := refuse_names(names.items()):
        raise UsageError(refused)


def ask_to_spend(plan: Scenario) -> None:
    """Ask before a run that may cost more than a dollar. Raises UsageError where nobody agrees."""
    question = estimate.estimate_run(plan, load_catalogue()).question
    if not question:
        return
    agreed = terminal.confirm(question)
    if agreed is None:
        raise UsageError(f"{question} Nobody is there to be asked: add --yes, or bound it by [budget]")
    if not agreed:
        raise UsageError("expected a yes, got none; nothing was sent")


def measure(plan: Scenario, folder: Path, crew: launch.CrewSize, interrupts: Interrupts, hold: int) -> str | None:
    """Start simulators and load, show progress, end them; why it failed, in a sentence, if it did.

    `hold` is what holds the folder, see `run_folder.hold_folder`.
    """
    simulators = launch.Simulators(plan, truth=folder / "truth")
    load = launch.LoadProcess(folder, simulators.base_urls, ["firsttoken", *sys.argv[1:]], crew, hold=hold)
    try:
        interrupts.tell(load.finish_early)
        ending = live.follow(load.events(), plan.load.turns)
    finally:
        load.stop()
        simulators.stop()
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


def conclude(folder: Path, *, as_json: bool) -> int:
    """Study the run, write its report, print its table; the exit code."""
    from firsttoken.report.build import build_report

    studied = study(folder, has_ended=True)
    if not as_json:
        terminal.show_study(studied)
    pdf = build_report(studied)
    if as_json:
        sys.stdout.write(json.dumps({"run": str(folder), "report": str(pdf), "exit_code": studied.exit_code}) + "\n")
    else:
        terminal.say_report(pdf)
    return studied.exit_code


def work(master: str, spool: Path, interrupts: Interrupts) -> str | None:
    """Work for a run of another machine until it is over; why that failed, in a sentence, if it did."""
    child = launch.WorkerProcess(master, spool)
    try:
        interrupts.tell(child.finish_early)
        ending = live.follow_worker(child.events())
    finally:
        child.stop()
    if ending is None:
        return f"the worker process died; its rows are in {spool}"
    return str(ending["failure"]) if ending["failure"] else None
