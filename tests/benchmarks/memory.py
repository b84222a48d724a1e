"""What an open, idle stream costs in memory.

Rule: two load processes that differ only in their number of streams, each stream open and in mid-answer with nothing
to read; the difference of their resident memory counts the user, its greenlet, its connection and its row.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.drive import drive
from tests.benchmarks.suite import Bar, Case, Sample, main
from tests.benchmarks.truth import Schedule
from tests.benchmarks.watch import read_rss_bytes

FEW, MANY = 100, 1100
IDLE = Schedule(ttft_ms=500.0, gap_ms=9_000.0, tokens=2)
"""One token, and nine seconds of nothing."""
MEASURE_S = 2.0


def measure_memory(_measure_s: float) -> Sample:
    """One run with few streams and one with many."""
    (few, others_few), (many, others_many) = read_idle_bytes(FEW), read_idle_bytes(MANY)
    return Sample({"kb_per_stream": (many - few) / (MANY - FEW) / 1e3}, max(others_few, others_many))


def read_idle_bytes(streams: int) -> tuple[int, float]:
    """Resident memory of a load process while all its streams idle, the most seen; and what others used of a core."""
    seen: list[int] = []

    def note(event: dict[str, object], pid: int) -> None:
        if event.get("in_flight") == streams:
            seen.append(read_rss_bytes(pid))

    with drive(streams, MEASURE_S, IDLE, on_event=note, ramp_s=2.0, settle_s=2.0) as driven:
        return max(seen), driven.others_share


CASES = (Case("memory", measure_memory, (Bar("kb_per_stream", "memory of an open, idle stream", "KB", most=40),)),)

if __name__ == "__main__":
    main(CASES)
