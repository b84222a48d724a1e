"""How often CLIENT_LIMITED is wrong: clean windows at 70 % of the ceiling, and windows with a planted freeze of 50 ms.

Rule: a clean window is one second, a line of health.jsonl, and the shortest that the flag can judge; a planted one is
so long that a freeze lies in each, and it counts only where the flag names the freeze. The ceiling is what `firsttoken
calibrate` found here; where nobody has asked it yet, it is asked first.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from firsttoken.calibration import Calibration, find_path, read_calibration, write_calibration
from firsttoken.calibration_ramp import calibrate
from firsttoken.decide.validity import SECOND_NS, find_client_limits
from firsttoken.host import describe_host
from tests.benchmarks.drive import Drive, drive
from tests.benchmarks.observed import observe_stage
from tests.benchmarks.suite import Bar, Case, Sample, main, say

FILLED = 0.7
CLEAN_TIMES = 6.3
"""At least sixty clean windows a run where another case measures for ten seconds: 300 in five runs."""
PLANTED_LINES = 3
"""Seconds of a planted window: a freeze each two seconds."""


@cache
def find_ceiling() -> Calibration:
    """What a worker of this machine was calibrated for."""
    path = find_path(os.environ)
    known = read_calibration(path, describe_host())
    if known is None:
        known = calibrate(lambda step: say(f"calibrating: {step.streams:,} streams", to=sys.stderr))
        write_calibration(path, known)
    return known


def measure_clean(measure_s: float) -> Sample:
    """One run without a fault."""
    streams = int(FILLED * find_ceiling().streams)
    with drive(streams, CLEAN_TIMES * measure_s) as driven:
        found = judge_windows(driven, lines=1)
        figures = {"flagged": 100 * sum(map(bool, found)) / len(found), "windows": float(len(found))}
        return Sample(figures | {"streams": float(streams)}, driven.others_share)


def measure_planted(measure_s: float) -> Sample:
    """One run whose load process freezes."""
    with drive(int(FILLED * find_ceiling().streams), 2 * measure_s, locustfile=FROZEN) as driven:
        found = judge_windows(driven, lines=PLANTED_LINES)
        return Sample({"flagged": 100 * sum(FROZE in text for text in found) / len(found)}, driven.others_share)


FROZEN = "../tests/benchmarks/frozen.py"
"""As found from locustfiles/."""


FROZE = "froze"


def judge_windows(driven: Drive, lines: int) -> list[str]:
    """What CLIENT_LIMITED says of each window of so many lines of health; nothing where it is not raised."""
    seen = observe_stage(driven.run)
    opens, closes = seen.windows[0]
    inside = [line for line in driven.run.health if opens + SECOND_NS <= line.at_ns <= closes]
    groups = [inside[at : at + lines] for at in range(0, len(inside) - lines + 1, lines)]
    windows = [replace(seen, windows=((group[0].at_ns - SECOND_NS, group[-1].at_ns),)) for group in groups]
    return [find_client_limits(each, group) for each, group in zip(windows, groups, strict=True)]


CASES = (
    Case(
        "clean",
        measure_clean,
        (
            Bar("flagged", "CLIENT_LIMITED on clean seconds at 70 % of the ceiling", "%", most=1, over_runs="mean"),
            Bar("streams", "70 % of the ceiling: streams", ""),
            Bar("windows", "70 % of the ceiling: seconds judged", "", least=300, over_runs="sum"),
        ),
    ),
    Case(
        "planted",
        measure_planted,
        (Bar("flagged", "CLIENT_LIMITED on windows with a freeze of 50 ms", "%", least=100, over_runs="min"),),
    ),
)

if __name__ == "__main__":
    main(CASES)
