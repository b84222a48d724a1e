"""A part of the report that fails costs its own place only: the rest is made, and the page on validity names it.

Rule: a load that was paid for always gets a report. An exception of a part becomes one sentence.
"""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from firsttoken.error import ReportError

Part = TypeVar("Part")


def guarded(what: str, make: Callable[[], Part], otherwise: Part, failures: list[str]) -> Part:
    """The part, or `otherwise` where it cannot be made: `failures` then gets "WHAT could not be made: ..."."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001 # if one part fails, the other parts stay
        failures.append(f"{what} could not be made: {describe_error(error)}")
        return otherwise


def describe_error(error: BaseException) -> str:
    """What went wrong in one line, and where unless it is ours."""
    if isinstance(error, ReportError):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {' '.join(str(error).split())} (line {last.lineno} of {Path(last.filename).name})"
