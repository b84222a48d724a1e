"""The commands. The only place of its process that exits, and that words an exit.

Rule: progress goes to stderr, results to stdout; bad input is one sentence and exit code 1, never a traceback.
Exit codes: 1 the tool or its input failed, 130 interrupted; a run's decisions: see decide/judge/exit_code.py.
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
from cyclopts import App, CycloptsError, Parameter, validators

from firsttoken import __version__, kit
from firsttoken.catalogue import load_catalogue
from firsttoken.cli import console, live, terminal
from firsttoken.cli.command_error import word_error
from firsttoken.cli.interrupts import Interrupts
from firsttoken.cli.options import A_PORT, Json, RunFolder, ScenarioName, Sets, read_scenario
from firsttoken.cli.run import run, study
from firsttoken.error import FirstTokenError
from firsttoken.machine import calibration
from firsttoken.machine.calibration import MOST_STREAMS
from firsttoken.machine.readiness import UsageError, check_ready, find_simulated
from firsttoken.plan.warnings import assumed_speeds
from firsttoken.process import launch
from firsttoken.report.quiet import silence_libraries

app = App(
    name="firsttoken",
    version=__version__,
    help="Load tests and latency profiles for streaming LLM APIs.",
    help_epilogue="Start with: firsttoken run quickstart. It needs no key and no network, and takes 2.5 minutes.",
)
app.register_install_completion_command(help="Install completion of commands and options for your shell.")
app.command(run)

DEMO_MODELS = ("gpt-5.2-codex", "gpt-5.4")


@app.command
def worker(
    *,
    master: Annotated[str, Parameter(help="Where the run's first process listens: HOST or HOST:PORT.")],
    spool: Annotated[Path | None, Parameter(help="Where rows are kept until the master has them.")] = None,
) -> int:
    """Join a run that `firsttoken run --remote` has started on another machine."""
    with Interrupts(console.warn) as interrupts:
        place = spool or launch.find_spool(os.environ)
        child = launch.Child("firsttoken.load.worker", {"master": master, "spool": str(place)})
        try:
            interrupts.call(child.finish_early)
            ending = live.follow_worker(child.events())
        finally:
            child.stop()
    if ending is None:
        raise UsageError(f"the worker process died; its rows are in {place}")
    if ending["failure"]:
        raise UsageError(str(ending["failure"]))
    return 130 if interrupts.count else 0


@app.command
def report(
    run: RunFolder,
    *,
    kind: Annotated[str, Parameter(help="The kind of report: a file of reports/.")] = "launch",
    out: Annotated[Path | None, Parameter(help="Where the PDF goes; default RUN/report.pdf.")] = None,
) -> int:
    """Make the PDF of a run again."""
    from firsttoken.report.build import build_report

    sys.stdout.write(f"{build_report(study(run), kind=kind, out=out)}\n")
    return 0


@app.command
def simulate(
    *models: Annotated[str, Parameter(help="Models of scenarios/models.toml; default gpt-5.2-codex and gpt-5.4.")],
    port: Annotated[int, Parameter(help="The port to listen on; 0 picks a free one.", validator=A_PORT)] = 8000,
    truth: Annotated[Path | None, Parameter(help="A file that gets one JSON line per attempt.")] = None,
) -> int:
    """Serve simulated models on loopback until interrupted."""
    targets = list(find_simulated(models or DEMO_MODELS))
    for warning in assumed_speeds(targets, load_catalogue()):
        console.warn(warning)
    served = [launch.describe_simulated(target) for target in targets]
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
def check(scenario: ScenarioName, *, set_: Sets = None, json_: Json = False) -> int:
    """Send one cheap request to every target, on our own wire and through the openai package."""
    plan = read_scenario(scenario, set_)
    check_ready(plan, os.environ)
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
def calibrate(
    scenario: Annotated[str | None, Parameter(help="Also print how many workers this scenario needs.")] = None,
    *,
    most: Annotated[int, Parameter(help="The most streams to try.", validator=validators.Number(gte=1))] = MOST_STREAMS,
    set_: Sets = None,
    json_: Json = False,
) -> int:
    """Measure how many streams one worker of this machine can time to within 1 ms; takes about a minute."""
    from firsttoken.cli import calibration_ramp

    plan = read_scenario(scenario, set_) if scenario else None
    found = calibration_ramp.calibrate(terminal.say_step, most)
    need = calibration.find_need(plan, load_catalogue(), found) if plan else None
    if json_:
        sys.stdout.write(msgspec.json.encode({"calibration": found, "need": need}).decode() + "\n")
    else:
        terminal.show_calibration(found, need)
    if not found.streams:
        console.complain(
            "calibrate: expected at least one step within the limit, got none; nothing was saved, try again on an "
            "idle machine"
        )
        return 4
    calibration.write_calibration(calibration.find_path(os.environ), found)
    return 0


@app.command
def init(directory: Annotated[Path, Parameter(help="Where to put the four folders.")]) -> int:
    """Create a project folder with an example of each kind of file."""
    for path in kit.init_directory(directory):
        sys.stdout.write(f"{path}\n")
    terminal.say_next_step(directory)
    return 0


@app.command
def verify(run: RunFolder, *, json_: Json = False) -> int:
    """Compute every result of a run again from its rows and compare with its summary."""
    from firsttoken.decide.verify import verify_run

    verdict = verify_run(run)
    if json_:
        found = {
            "figures": verdict.results,
            "mismatches": verdict.mismatches,
            "other_rules": verdict.other_rules or None,
        }
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    elif verdict.other_rules:
        console.complain(verdict.other_rules)
    else:
        terminal.show_verification(run, verdict.results, verdict.mismatches)
    return verdict.exit_code


@app.command
def sql(run: RunFolder, query: Annotated[str, Parameter(help="One SELECT.")], *, json_: Json = False) -> int:
    """Ask a run's rows in SQL; the tables are attempts, quarantined, stages, health and truth."""
    from firsttoken.results.folder import open_run

    names, rows = open_run(run).sql(query)
    if json_:
        records = [dict(zip(names, row, strict=True)) for row in rows]
        sys.stdout.write(msgspec.json.encode(records, enc_hook=str).decode() + "\n")
    else:
        terminal.show_rows(names, rows)
    return 0


def main() -> NoReturn:
    """The command line: run a command, word its failure, exit."""
    silence_libraries()
    try:
        code = app(exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        console.complain(word_error(error, [name for name in app if not name.startswith("-")]))
        code = 1
    except FirstTokenError as error:
        console.complain(str(error))
        code = 1
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
