"""The commands. The only place of its process that exits, and that words an exit.

Rule: progress goes to stderr, results to stdout; bad input is one sentence and exit code 1, never a traceback.
Exit codes: 0 pass, 1 the tool or its input failed, 2 the promise failed, 4 the measurement is not valid,
130 interrupted; where several hold, 130 before 1 before 4 before 2.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

from cyclopts import App, CycloptsError, Parameter

from firsttoken import __version__, kit, launch, terminal
from firsttoken.catalogue import CatalogueError
from firsttoken.interrupts import Interrupts
from firsttoken.report.error import ReportError
from firsttoken.results.error import RunFolderError
from firsttoken.scenario import Scenario, ScenarioError, Target, check_keys, find_scenario, load_scenario, warnings

if TYPE_CHECKING:
    from firsttoken.decide.study import Study

app = App(name="firsttoken", version=__version__, help="Load tests and latency profiles for streaming LLM APIs.")

DEMO_MODELS = ("gpt-5.2-codex", "gpt-5.4")

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the result as JSON.")]
Sets = Annotated[
    list[str] | None,
    Parameter(name="--set", negative="", consume_multiple=False, help="Change a key of the scenario: load.users=[1,8]"),
]
Flag = Annotated[bool, Parameter(negative="")]


@app.command
def run(
    scenario: str,
    *,
    out: str = "",
    set_: Sets = None,
    workers: int = 1,
    dry_run: Flag = False,
    yes: Flag = False,
    json_: Json = False,
) -> int:
    """Run a scenario and write its report.

    Parameters
    ----------
    scenario: A path, or the bare name of a file in scenarios/.
    out: The run folder; default runs/<UTC time>-<name>/.
    """
    _refuse_later(workers=workers != 1, dry_run=dry_run, yes=yes)
    plan = _read_scenario(scenario, set_)
    check_keys(plan, os.environ)
    kit.find("locustfiles", plan.traffic.locustfile)
    for warning in warnings(plan):
        terminal.warn(warning)
    folder = launch.open_folder(plan, out)
    with Interrupts(terminal.warn) as interrupts:
        _measure(plan, folder, interrupts)
        code = _conclude(folder, as_json=json_)
    return 130 if interrupts.count else code


@app.command
def report(run: Path, *, kind: str = "launch", out: Path | None = None) -> int:
    """Make the PDF of a run again.

    Parameters
    ----------
    run: A run folder.
    kind: Which file of reports/ tells it.
    out: Where the PDF goes; default RUN/report.pdf.
    """
    from firsttoken.report.build import build_report

    sys.stdout.write(f"{build_report(_study(run), kind=kind, out=out)}\n")
    return 0


@app.command
def simulate(*models: str, port: int = 8000, truth: Path | None = None) -> int:
    """Serve simulated models on loopback until interrupted.

    Parameters
    ----------
    models: Names of the catalogue; default gpt-5.2-codex and gpt-5.4.
    port: Where to listen; 0 picks a free one.
    truth: A file that gets one JSON line per attempt: when it arrived and when its tokens were written.
    """
    served = [launch.describe_simulated(Target(model=name, name=name)) for name in models or DEMO_MODELS]
    child = launch.start_simulator(served, seed=7, truth=str(truth) if truth else None, port=port)
    try:
        url = launch.await_ready(child)
        terminal.say_serving(url, [str(model["name"]) for model in served])
        return child.process.wait()
    except KeyboardInterrupt:
        return 130
    finally:
        child.stop()


@app.command
def check(scenario: str, *, set_: Sets = None, json_: Json = False) -> int:
    """Send one cheap request to every target, on our own wire and through the openai package.

    Parameters
    ----------
    scenario: A path, or the bare name of a file in scenarios/.
    """
    plan = _read_scenario(scenario, set_)
    check_keys(plan, os.environ)
    simulators = launch.Simulators(plan, truth=None)
    try:
        findings = launch.check_targets(plan, simulators.base_urls)
    finally:
        simulators.stop()
    if json_:
        sys.stdout.write(json.dumps(findings, indent=2) + "\n")
    else:
        terminal.show_findings(findings)
    return 0 if all(finding["streams"] for finding in findings) else 1


@app.command
def init(directory: Path) -> int:
    """Lay one example of each kind of file into a directory of yours.

    Parameters
    ----------
    directory: Where scenarios/, locustfiles/, analysis/ and reports/ go.
    """
    for path in kit.init_directory(directory):
        sys.stdout.write(f"{path}\n")
    return 0


@app.command
def verify(run: Path, *, json_: Json = False) -> int:
    """Compute every figure of a run again from its rows and compare with its summary.

    Parameters
    ----------
    run: A run folder.
    """
    from firsttoken.decide.verify import verify_run

    verdict = verify_run(run)
    if json_:
        sys.stdout.write(json.dumps({"figures": verdict.figures, "mismatches": verdict.mismatches}, indent=2) + "\n")
    else:
        terminal.show_verification(run, verdict.figures, verdict.mismatches)
    return 1 if verdict.mismatches else 0


@app.command
def sql(run: Path, query: str, *, json_: Json = False) -> int:
    """Ask a run's rows in SQL; the tables are attempts, stages and health.

    Parameters
    ----------
    run: A run folder.
    query: For example "select outcome, count(*) from attempts group by 1".
    """
    from firsttoken.results.folder import open_run

    names, rows = open_run(run).sql(query)
    if json_:
        sys.stdout.write(json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=str) + "\n")
    else:
        terminal.show_rows(names, rows)
    return 0


def main() -> NoReturn:
    """The command line: run a command, word its failure, exit."""
    try:
        code = app(exit_on_error=False, print_error=False, result_action="return_value")
    except SENTENCES as error:
        code = _fail(str(error))
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


class UsageError(Exception):
    """What was asked for cannot be done by this version; the message is a sentence."""


SENTENCES = (
    CycloptsError,
    ScenarioError,
    CatalogueError,
    kit.KitError,
    launch.LaunchError,
    RunFolderError,
    ReportError,
    UsageError,
)
"""Errors whose message is a sentence for the user."""


def _fail(sentence: str) -> int:
    terminal.complain(sentence)
    return 1


def _refuse_later(*, workers: bool, dry_run: bool, yes: bool) -> None:
    refused = {
        "--workers: expected 1, this version drives the load from one process; leave it out": workers,
        "--dry-run: this version cannot estimate a run; `firsttoken check` sends one request per target": dry_run,
        "--yes: this version asks nothing before it runs; leave it out": yes,
    }
    for sentence, asked in refused.items():
        if asked:
            raise UsageError(sentence)


def _read_scenario(name: str, overrides: list[str] | None) -> Scenario:
    return load_scenario(find_scenario(name), overrides or [])


def _measure(plan: Scenario, folder: Path, interrupts: Interrupts) -> None:
    """Start simulators and load, show progress, end them."""
    simulators = launch.Simulators(plan, truth=folder / "truth")
    load = launch.LoadProcess(folder, simulators.base_urls, ["firsttoken", *sys.argv[1:]])
    try:
        interrupts.tell(load.finish_early)
        ending = terminal.follow(load.events())
    finally:
        load.stop()
        simulators.stop()
    if ending is None:
        raise UsageError(f"{folder}: the load process died; `firsttoken report {folder}` shows what was recorded")
    if ending["failure"]:
        raise UsageError(str(ending["failure"]))


def _study(folder: Path) -> Study:
    """Study a run, and keep its figures beside the rows where nobody has yet."""
    from firsttoken.decide.study import study_run
    from firsttoken.results import summary

    study = study_run(folder)
    if not (folder / summary.NAME).exists():
        summary.write_summary(folder, study.figures)
    return study


def _conclude(folder: Path, *, as_json: bool) -> int:
    """Study the run, write its report, print its table; the exit code."""
    from firsttoken.report.build import build_report

    study = _study(folder)
    pdf = build_report(study)
    if as_json:
        sys.stdout.write(json.dumps({"run": str(folder), "report": str(pdf), "exit_code": study.exit_code}) + "\n")
    else:
        terminal.show_study(study, pdf)
    return study.exit_code


if __name__ == "__main__":
    main()
