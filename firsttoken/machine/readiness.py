"""Whether a run can start here: what is missing is refused, what may disappoint is said.

Rule: all of it is found before the run folder exists and before a byte is sent.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from firsttoken import kit
from firsttoken.catalogue import load_catalogue
from firsttoken.decoding.strict_toml import one_of, suggest
from firsttoken.error import FirstTokenError
from firsttoken.machine import calibration, limits
from firsttoken.machine.host import describe_host
from firsttoken.plan.warnings import find_warnings
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.rules import check_keys
from firsttoken.scenario.target import Target
from firsttoken.scenario.trace import read_arrivals


class UsageError(FirstTokenError):
    """What was asked for cannot be done as it was asked; the message is a sentence."""


def check_ready(plan: Scenario, environ: Mapping[str, str], workers: int = 1) -> None:
    """Refuse a plan that lacks a key, its trace, its locustfile or, for one of so many load processes, open files.

    Raises ScenarioError, KitError, UsageError or LimitError.
    """
    check_keys(plan, environ)
    if plan.traffic.trace:
        read_arrivals(plan.traffic)
    check_locustfile(plan)
    limits.check_files(plan, workers)


def check_reach(plan: Scenario) -> None:
    """Refuse a plan for workers of other machines whose targets only this one can reach. Raises UsageError."""
    simulated = [target.name for target in plan.target if not target.base_url]
    if simulated:
        raise UsageError(
            f"--remote: expected targets that other machines reach, {', '.join(simulated)} would be simulated on the "
            "loopback of this one; start `firsttoken simulate` where all machines can reach it, and set base_url"
        )


def find_simulated(models: Iterable[str]) -> Iterator[Target]:
    """The targets that `firsttoken simulate` serves. Raises UsageError for a model that the catalogue lacks."""
    catalogue = load_catalogue()
    for name in models:
        if name not in catalogue:
            known, hint = one_of(catalogue), suggest(name, catalogue)
            raise UsageError(f'simulate: expected {known}, models of scenarios/models.toml, got "{name}"{hint}')
        yield Target(model=name)


def check_locustfile(plan: Scenario) -> None:
    """Refuse a plan whose locustfile is not there or is no Python. Raises KitError or UsageError."""
    check_syntax(kit.find("locustfiles", plan.traffic.locustfile))


def check_syntax(path: Path) -> None:
    """Refuse a locustfile that is no Python; it is not run. Raises UsageError."""
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte, to Python 3.11
        line = f"{path}:{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else str(path)
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UsageError(f"{line}: expected a locustfile, got SyntaxError: {reason}; fix it") from None
    except OSError as error:
        raise UsageError(f"{path}: expected a locustfile to read, got: {error.strerror}") from None


def find_plan_warnings(plan: Scenario, environ: Mapping[str, str], workers: int = 1, remote: int = 0) -> Iterator[str]:
    """Warnings about a plan: in itself, by this machine's ports, and by what a worker was calibrated for.

    `remote` of its workers are on other machines, of which nothing is known here.
    """
    catalogue = load_catalogue()
    yield from find_warnings(plan, catalogue)
    yield from limits.find_exhausted_ports(plan, catalogue, limits.count_ports())
    try:
        known = calibration.read_calibration(calibration.find_path(environ), describe_host())
    except calibration.CalibrationError as error:
        yield str(error)
    else:
        peak = calibration.find_peak(plan, catalogue)
        yield from calibration.find_plan_warnings(peak, known, workers + remote, is_alone=not remote)
