"""How often CLIENT_LIMITED is wrong: clean windows at 70 % of the ceiling, and windows with a planted freeze of 50 ms.

Rule: a clean window is one second, a line of health.jsonl, and the shortest that the flag can judge. It is clean where
others, the hypervisor among them, took no more of a core in it than in a quiet run; the seconds that they did are told.
A planted window is so long that a freeze lies in each, and it counts only where the flag names the freeze. The ceiling
is asked for right before, as `firsttoken calibrate` does it, for a machine is not as fast at all times.
"""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from firsttoken.cli.calibration_ramp import calibrate
from firsttoken.decide.flags.client_limits import find_client_limits
from firsttoken.decoding.duration import NS
from firsttoken.machine.calibration import Calibration
from tests.benchmarks.drive import Drive, drive
from tests.benchmarks.observed import read_stage_window
from tests.benchmarks.suite import QUIET_SHARE, Bar, Case, Sample, main, say
from tests.decide.hand import said

FILLED = 0.7
CLEAN_TIMES = 7.5
"""More than sixty clean windows a run where another case measures for ten seconds: 300 in five runs."""
PLANTED_LINES = 3
"""Seconds of a planted window: a freeze each two seconds."""


@cache
def find_ceiling() -> Calibration:
    """What a worker of this machine can watch now."""
    return calibrate(lambda step: say(f"calibrating: {step.streams:,} streams", to=sys.stderr))


def measure_clean(measure_s: float) -> Sample:
    """One run without a fault."""
    streams = int(FILLED * find_ceiling().streams)
    with drive(streams, CLEAN_TIMES * measure_s) as driven:
        judged = judge_windows(driven, lines=1)
        for each in judged:
            if each.limits:
                say(f"others used {each.others_share:.1%} of a core, and: {each.limits}", to=sys.stderr)
        clean = [each for each in judged if each.others_share <= QUIET_SHARE]
        figures = {
            "flagged": 100 * sum(bool(each.limits) for each in clean) / max(1, len(clean)),
            "windows": float(len(clean)),
            "disturbed": float(len(judged) - len(clean)),
            "streams": float(streams),
        }
        return Sample(figures, driven.others_share)


def measure_planted(measure_s: float) -> Sample:
    """One run whose load process freezes."""
    with drive(int(FILLED * find_ceiling().streams), 2 * measure_s, locustfile=FROZEN) as driven:
        judged = judge_windows(driven, lines=PLANTED_LINES)
        frozen = sum(FROZE in each.limits for each in judged)
        return Sample({"flagged": 100 * frozen / len(judged)}, driven.others_share)


FROZEN = "../tests/benchmarks/frozen.py"
"""As found from locustfiles/."""


FROZE = "froze"


class Judged(NamedTuple):
    """One window."""

    limits: str
    """What CLIENT_LIMITED says of it; nothing where it is not raised."""
    others_share: float
    """Of a core, what others took in it."""


def judge_windows(driven: Drive, lines: int) -> list[Judged]:
    """The windows of so many lines of health."""
    seen = read_stage_window(driven.run)
    opens, closes = seen.windows[0]
    inside = [line for line in driven.run.health if opens + NS <= line.at_ns <= closes]
    groups = [inside[at : at + lines] for at in range(0, len(inside) - lines + 1, lines)]
    windows = [replace(seen, windows=((group[0].at_ns - NS, group[-1].at_ns),)) for group in groups]
    limits = [said(find_client_limits(each, group)) for each, group in zip(windows, groups, strict=True)]
    origin_ns = driven.run.manifest.origin_monotonic_ns
    spans = [(opens + origin_ns, closes + origin_ns) for each in windows for opens, closes in each.windows]
    return [Judged(text, driven.watch.others_share(span)) for text, span in zip(limits, spans, strict=True)]


CASES = (
    Case(
        "clean",
        measure_clean,
        (
            Bar("flagged", "CLIENT_LIMITED on clean seconds at 70 % of the ceiling", "%", most=1, over_runs="mean"),
            Bar("streams", "70 % of the ceiling: streams", ""),
            Bar("windows", "70 % of the ceiling: clean seconds", "", over_runs="sum"),
            Bar("disturbed", "70 % of the ceiling: seconds that others took a part of", "", over_runs="sum"),
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
