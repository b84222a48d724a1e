"""What comes before the load of a run, under every command: agreement, then a folder that is held, and its simulators.

Rule: nothing is written before it is agreed to, nothing is sent before the folder is this run's alone, and what was
started here is ended here.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from firsttoken.catalogue import load_catalogue
from firsttoken.machine.readiness import UsageError, check_reach, check_ready, find_plan_warnings
from firsttoken.plan import estimate
from firsttoken.process import launch, run_folder
from firsttoken.scenario.format import Scenario


def agree(
    plan: Scenario,
    environ: Mapping[str, str],
    report: Callable[[str], None],
    *,
    workers: int = 1,
    remote: int = 0,
    yes: bool = False,
) -> None:
    """Refuse what cannot be run here, `report` what is suspicious, and ask before much is spent, unless `yes`.

    Raises FirstTokenError.
    """
    check_ready(plan, environ, workers + remote)
    if remote:
        check_reach(plan)
    for warning in find_plan_warnings(plan, environ, workers, remote):
        report(warning)
    if not yes:
        ask_to_spend(plan)


def ask_to_spend(plan: Scenario) -> None:
    """Ask before a run that may cost more than a dollar. Raises UsageError where the answer is not yes."""
    question = estimate.estimate_run(plan, load_catalogue()).question
    if not question:
        return
    agreed = confirm(question)
    if agreed is None:
        raise UsageError(f"{question} There is no terminal to ask in: add --yes, or set a cap in [budget]")
    if not agreed:
        raise UsageError("expected a yes, got none; nothing was sent")


def confirm(question: str) -> bool | None:
    """Ask whether to continue; only "y" and "yes" agree. None where there is no terminal to ask in."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    sys.stderr.write(f"{question} Continue? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


@dataclass(frozen=True)
class Workspace:
    """A run's folder, which no other run uses meanwhile, and its simulators."""

    folder: Path
    hold: int
    """The open file whose lock says that the folder is this run's."""
    simulators: launch.Simulators


@contextmanager
def open_workspace(plan: Scenario, folder: Path) -> Iterator[Workspace]:
    """Be the only run in a folder, with the simulators that the plan needs. Raises LaunchError."""
    with run_folder.hold_folder(folder) as hold:
        simulators = launch.Simulators(plan, truth=folder / "truth")
        try:
            yield Workspace(folder, hold, simulators)
        finally:
            simulators.stop()
