"""Whether a run can start here: what is missing is refused, what may disappoint is said.

Rule: all of it is found before the run folder exists and before a byte is sent.
"""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

from firsttoken import calibration, kit, limits
from firsttoken.catalogue import load_catalogue
from firsttoken.host import describe_host
from firsttoken.scenario import Scenario, check_keys, warnings


class UsageError(Exception):
    """What was asked for cannot be done by this version; the message is a sentence."""


def refuse_later(*, workers: bool, dry_run: bool, yes: bool) -> None:
    """Refuse options of `run` that a later version will understand. Raises UsageError."""
    refused = {
        "--workers: expected 1, this version drives the load from one process; leave it out": workers,
        "--dry-run: this version cannot estimate a run; `firsttoken check` sends two requests per target": dry_run,
        "--yes: this version asks nothing before it runs; leave it out": yes,
    }
    for sentence, asked in refused.items():
        if asked:
            raise UsageError(sentence)


def check_ready(plan: Scenario, environ: Mapping[str, str]) -> None:
    """Refuse a plan that lacks a key, its locustfile or open files.

    Raises ScenarioError, KitError, UsageError or LimitError.
    """
    check_keys(plan, environ)
    check_syntax(kit.find("locustfiles", plan.traffic.locustfile))
    limits.check_files(plan)


def check_syntax(path: Path) -> None:
    """Refuse a locustfile that is no Python; it is not run. Raises UsageError."""
    try:
        with python_warnings.catch_warnings(action="ignore"):
            compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte, to Python 3.11
        line = f"{path}:{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else str(path)
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UsageError(f"{line}: expected a locustfile, got SyntaxError: {reason}; mend it") from None
    except OSError as error:
        raise UsageError(f"{path}: expected a locustfile to read, got: {error.strerror}") from None


def find_doubts(plan: Scenario, environ: Mapping[str, str]) -> Iterator[str]:
    """What is doubtful about a plan: in itself, by this machine's ports, and by what its worker was calibrated for."""
    catalogue = load_catalogue()
    yield from warnings(plan)
    yield from limits.find_exhausted_ports(plan, catalogue, limits.count_ports())
    try:
        known = calibration.read_calibration(calibration.find_path(environ), describe_host())
    except calibration.CalibrationError as error:
        yield str(error)
    else:
        yield from calibration.find_doubts(calibration.find_peak(plan, catalogue), known)
