"""The command `firsttoken run`: a scenario is agreed to, its load is driven by a process, its report is written.

Rule: progress goes to stderr, results to stdout; a failure is returned as a sentence, and no code here exits.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from firsttoken import kit
from firsttoken.catalogue import load_catalogue
from firsttoken.cli import console, live, terminal
from firsttoken.cli.interrupts import Interrupts
from firsttoken.cli.options import AT_LEAST_0, Json, Sets, Switch, read_scenario
from firsttoken.decide.judge.exit_code import FAILED, INTERRUPTED, find_exit_code
from firsttoken.error import FirstTokenError
from firsttoken.machine.readiness import UsageError, check_locustfile, find_plan_warnings
from firsttoken.plan import estimate
from firsttoken.process import run_folder
from firsttoken.process.launch import Child, LoadSpec
from firsttoken.process.start import agree, open_workspace
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.reading import reopen_scenario

if TYPE_CHECKING:
    from firsttoken.decide.study import Study

FLAG_KEYS = ("name", "target", "level", "repeat", "voids", "value", "bound", "unit", "evidence")
"""What the JSON says about a flag: where it was raised, the number that decided with its bound, and the sentence."""


def run(
    scenario: Annotated[str | None, Parameter(help="A path, or the bare name of a file in scenarios/.")] = None,
    *,
    out: Annotated[str | None, Parameter(help="The run folder; default runs/TIME-NAME/.")] = None,
    set_: Sets = None,
    workers: Annotated[int, Parameter(help="Number of load processes on this machine.", validator=AT_LEAST_0)] = 1,
    remote: Annotated[
        int, Parameter(help="Number of workers on other machines to wait for.", validator=AT_LEAST_0)
    ] = 0,
    bind: Annotated[
        str, Parameter(help="The address at which workers on other machines reach this one.")
    ] = "127.0.0.1:5557",
    resume: Annotated[Path | None, Parameter(help="Continue a run that was interrupted.")] = None,
    dry_run: Annotated[bool, Switch("Print the worst case of time, tokens and cost; send nothing.")] = False,
    yes: Annotated[bool, Switch("Do not ask before more than a dollar may be spent.")] = False,
    json_: Json = False,
) -> int:
    """Run a scenario and write its report."""
    if scenario is None and resume is None:
        known = ", ".join(path.stem for path in kit.list_files("scenarios"))
        raise UsageError(f"run: expected a scenario, got none; try `firsttoken run quickstart`, or one of: {known}")
    if scenario is not None and resume is not None:
        raise UsageError(f"run: expected a scenario or --resume, got both; {resume} has a scenario of its own")
    if resume and (out or set_):
        raise UsageError(
            "run --resume: expected no --set and no --out, as a run continues in its own folder with its own scenario"
        )
    if workers + remote == 0:
        raise UsageError("--workers: expected 1 or more, or 0 beside --remote, got 0: no process would send a request")
    interrupted = run_folder.find_interrupted(resume) if resume else None
    plan = reopen_scenario(interrupted / "scenario.toml") if interrupted else read_scenario(scenario or "", set_)
    check_names(plan)
    if dry_run:
        return print_dry_run(plan, workers, remote, as_json=json_)
    if out:
        run_folder.check_new(Path(out))
    agree(plan, os.environ, console.warn, workers=workers, remote=remote, yes=yes)
    folder = interrupted or run_folder.open_folder(plan, out)
    failing = report_failure_as_json(folder, json_)
    with Interrupts(console.warn) as interrupts, failing, open_workspace(plan, folder) as workspace:
        if interrupted:
            run_folder.forget_derived(interrupted)
        spec = LoadSpec(
            folder=str(folder),
            base_urls=workspace.simulators.base_urls,
            command=["firsttoken", *sys.argv[1:]],
            workers=workers,
            remote=remote,
            bind=bind,
        )
        failure = measure(spec, workspace.hold, plan.load.turns, interrupts)
        return conclude(folder, failure=failure, interrupts=interrupts, as_json=json_)


def print_dry_run(plan: Scenario, workers: int, remote: int, *, as_json: bool) -> int:
    """Print what a run will take; nothing is sent and nothing is written."""
    check_locustfile(plan)
    expected = estimate.estimate_run(plan, load_catalogue())
    for warning in find_plan_warnings(plan, os.environ, workers, remote):
        console.warn(warning)
    if as_json:
        sys.stdout.write(msgspec.json.encode(expected).decode() + "\n")
    else:
        terminal.show_estimate(expected)
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


def measure(spec: LoadSpec, hold: int, turns: int, interrupts: Interrupts) -> str | None:
    """Start the load process, show its progress, end it; why the run failed, in a sentence, if it did.

    hold: the open file whose lock says that the folder is this run's.
    """
    load = Child("firsttoken.load.main", spec, keeps=[hold], relay=console.relay)
    try:
        interrupts.call(load.finish_early)
        ending = live.follow(load.events(), turns)
    finally:
        load.stop()
    if ending is None:
        return f"{spec.folder}: the load process died; `firsttoken report {spec.folder}` shows what was recorded"
    return str(ending["failure"]) if ending["failure"] else None


def study(folder: Path, *, has_ended: bool = False) -> Study:
    """Study a run, and keep its figures beside the rows: where there are none yet, or it `has_ended` just now."""
    from firsttoken.decide.study import study_run
    from firsttoken.results import summary

    studied = study_run(folder)
    if has_ended or not (folder / summary.NAME).exists():
        summary.write_summary(folder, studied.results)
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
        _write_result(folder, pdf, code, failure, studied)
    else:
        terminal.say_report(pdf)
    if failure and not interrupts.count:
        console.complain(failure)
    return code


@contextmanager
def report_failure_as_json(folder: Path, as_json: bool) -> Iterator[None]:
    """Write the JSON of a run that ends without a result, with its exit code, as of one that has a result."""
    try:
        yield
    except (FirstTokenError, KeyboardInterrupt) as problem:
        if as_json:
            is_told = isinstance(problem, FirstTokenError)
            _write_result(folder, None, FAILED if is_told else INTERRUPTED, str(problem) if is_told else None)
        raise


def _write_result(folder: Path, pdf: Path | None, code: int, failure: str | None, study: Study | None = None) -> None:
    result: dict[str, object] = {"run": str(folder), "report": None if pdf is None else str(pdf), "exit_code": code}
    if study:
        result |= {"decisions": list(study.decisions.values())}
        result |= {"flags": [{key: getattr(flag, key) for key in FLAG_KEYS} for flag in study.every_flag]}
    result |= {"failure": failure} if failure else {}
    sys.stdout.write(msgspec.json.encode(result).decode() + "\n")


def _has_rows(folder: Path) -> bool:
    return any(journal.stat().st_size for journal in (folder / "attempts").glob("*.jsonl"))
