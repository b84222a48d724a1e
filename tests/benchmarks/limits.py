"""How often CLIENT_LIMITED is wrong: clean windows at 70 % of the ceiling, and windows with a planted freeze of 50 ms.

Rule: a clean window is one second, a line of health.jsonl, and the shortest that the flag can judge; a planted one is
so long that a freeze lies in each. The ceiling is what `firsttoken calibrate` found here, else the 1,000 of the bars.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from firsttoken.calibration import find_path, read_calibration
from firsttoken.decide.validity import SECOND_NS, find_client_limits
from firsttoken.host import describe_host
from tests.benchmarks.drive import Drive, drive
from tests.benchmarks.observed import observe_stage
from tests.benchmarks.suite import Bar, Case, Sample, main

BAR_STREAMS = 1000
FILLED = 0.7
CLEAN_TIMES = 6
"""Sixty clean windows a run where another case measures for ten seconds: 300 in five runs."""
PLANTED_LINES = 3
"""Seconds of a planted window: a freeze each two seconds."""


def count_streams() -> int:
    """70 % of the ceiling."""
    calibration = read_calibration(find_path(os.environ), describe_host())
    return int(FILLED * (calibration.streams if calibration is not None else BAR_STREAMS))


def measure_clean(measure_s: float) -> Sample:
    """One run without a fault."""
    with drive(count_streams(), CLEAN_TIMES * measure_s) as driven:
        return Sample({"flagged": 100 * share_flagged(driven, lines=1)}, driven.others_share)


def measure_planted(measure_s: float) -> Sample:
    """One run whose load process freezes."""
    with drive(count_streams(), 2 * measure_s, locustfile=FROZEN) as driven:
        return Sample({"flagged": 100 * share_flagged(driven, lines=PLANTED_LINES)}, driven.others_share)


FROZEN = "../tests/benchmarks/frozen.py"
"""As found from locustfiles/."""


def share_flagged(driven: Drive, lines: int) -> float:
    """The share of windows of so many lines of health that are flagged."""
    seen = observe_stage(driven.run)
    opens, closes = seen.windows[0]
    inside = [line for line in driven.run.health if opens + SECOND_NS <= line.at_ns <= closes]
    groups = [inside[at : at + lines] for at in range(0, len(inside) - lines + 1, lines)]
    windows = [replace(seen, windows=((group[0].at_ns - SECOND_NS, group[-1].at_ns),)) for group in groups]
    flagged = [bool(find_client_limits(each, group)) for each, group in zip(windows, groups, strict=True)]
    return sum(flagged) / len(flagged)


CASES = (
    Case(
        "clean",
        measure_clean,
        (Bar("flagged", "CLIENT_LIMITED on clean seconds at 70 % of the ceiling", "%", most=1, over_runs="mean"),),
    ),
    Case(
        "planted",
        measure_planted,
        (Bar("flagged", "CLIENT_LIMITED on windows with a freeze of 50 ms", "%", least=100, over_runs="min"),),
    ),
)

if __name__ == "__main__":
    main(CASES)
