"""2,000 streams open at once, and 20,000 short requests a minute: nothing of ours gives way.

Rule: an attempt that failed is an error of ours, for the server has none; and the users at work are those asked for,
within 2 %, by the rule that voids a run. The 2,000 streams are slow ones, as one process reads 70,000 tokens a second.
"""

import sys
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from firsttoken.decide.metrics.offered_load import users_busy
from tests.benchmarks.drive import Drive, drive
from tests.benchmarks.observed import read_stage_window
from tests.benchmarks.suite import Bar, Case, Sample, main
from tests.benchmarks.truth import Schedule

OPEN_STREAMS, SLOW = 2000, Schedule(gap_ms=100.0, tokens=40)
SHORT, SHORT_USERS = Schedule(ttft_ms=120.0, gap_ms=5.0, tokens=5), 60
"""An answer takes 140 ms: sixty users ask for some 25,000 a minute."""


def measure_open(measure_s: float) -> Sample:
    """One run with 2,000 streams."""
    with drive(OPEN_STREAMS, measure_s, SLOW, ramp_s=8.0, settle_s=2.0) as driven:
        return Sample(read_delivery(driven), driven.others_share)


def measure_short(measure_s: float) -> Sample:
    """One run of short requests."""
    with drive(SHORT_USERS, measure_s, SHORT) as driven:
        return Sample(read_delivery(driven), driven.others_share)


def read_delivery(driven: Drive) -> dict[str, float]:
    """What failed, how many users were busy, and how much was asked."""
    seen = read_stage_window(driven.run)
    return {
        "failed": driven.failed,
        "busy_off": 100 * abs((users_busy(seen).value or 0.0) / seen.users - 1),
        "per_minute": 60 * int(seen.measured.sum()) / seen.seconds,
        "ttft_p99_ms": float(np.quantile(driven.ttft_errors_ms, 0.99)),
    }


CASES = (
    Case(
        "open",
        measure_open,
        (
            Bar("failed", "2,000 streams at once (10 tok/s each): attempts that failed", "", most=0, over_runs="max"),
            Bar("busy_off", "2,000 streams at once: users busy, off by", "%", most=2),
            Bar("ttft_p99_ms", "2,000 streams at once: TTFT error p99", "ms"),
        ),
    ),
    Case(
        "short",
        measure_short,
        (
            Bar("per_minute", "short requests, 5 tokens in 140 ms", "per minute", least=20_000),
            Bar("failed", "short requests: attempts that failed", "", most=0, over_runs="max"),
            Bar("busy_off", "short requests: users busy, off by", "%", most=2),
        ),
    ),
)

if __name__ == "__main__":
    main(CASES)
