"""How long a report takes over very many rows, and how much memory: from parquet, and from the journals.

Rule: `firsttoken report` runs as a process of its own, and so does what makes the rows, for a process is born with the
peak of memory of the one that starts it. The rows lie there before the clock starts, and each report has to count them.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from firsttoken.decide.metrics.value import MetricValue
from firsttoken.results.summary import read_summary
from tests.benchmarks.suite import QUICK_MEASURE_S, Bar, Case, Sample, main
from tests.benchmarks.watch import Watch
from tests.made_rows import make_rows

REQUESTS, QUICK_REQUESTS, MANY_REQUESTS = 1_000_000, 100_000, 10_000_000
ATTEMPTS_MEASURED = 0.85
"""Of all attempts at least; the others lie outside the measure windows."""


def measure(requests: int, journals: bool, measure_s: float) -> Sample:
    """One report over so many requests, or fewer where the benchmark is to be quick."""
    requests = min(requests, QUICK_REQUESTS) if measure_s <= QUICK_MEASURE_S else requests
    run = Path(lay_rows(requests, journals).name)
    if journals:
        (run / "attempts.parquet").unlink(missing_ok=True)
    sample = report(run)
    told = sum(
        int(each.value or 0) for each in read_summary(run, MetricValue).values if each.level is None and is_count(each)
    )
    if told < ATTEMPTS_MEASURED * requests:
        raise RuntimeError(f"expected a report over most attempts of {requests:,} requests, got one over {told:,}")
    return sample


def is_count(result: MetricValue) -> bool:
    """Whether it counts attempts; only those of measure windows are counted."""
    return result.metric == "attempts"


@cache
def lay_rows(requests: int, journals: bool) -> TemporaryDirectory[str]:
    """A folder with the rows, which are made once and go away with this process."""
    folder = TemporaryDirectory(prefix="firsttoken-endurance-")
    with ProcessPoolExecutor(1, get_context("spawn")) as other:
        other.submit(make_rows, Path(folder.name), requests, journals=journals).result()
    return folder


def report(run: Path) -> Sample:
    """Build the report of a run; the seconds that it took, and the most memory that it held."""
    began_ns = time.monotonic_ns()
    process = subprocess.Popen([sys.executable, "-m", "firsttoken", "report", str(run)], stdout=subprocess.DEVNULL)
    with Watch({"report": process.pid}) as watch:
        _, status, used = os.wait4(process.pid, 0)
        window = (began_ns, time.monotonic_ns())
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"expected a report of {run}, got exit code {process.returncode}")
    results = {"report_s": (window[1] - window[0]) / 1e9, "rss_mb": used.ru_maxrss / 1024}
    return Sample(results, watch.others_share(window))


def make_case(name: str, rows: str, requests: int, journals: bool, most_s: float | None, most_mb: float) -> Case:
    """A case of so many requests, with its bars."""
    return Case(
        f"endurance-{name}",
        partial(measure, requests, journals),
        (
            Bar("report_s", f"the report over {rows}", "s", most=most_s),
            Bar("rss_mb", f"its memory over {rows}", "MB", most=most_mb),
        ),
    )


CASES = (
    make_case("parquet", "a million rows (--quick: 100,000)", REQUESTS, False, 60.0, 1_500.0),
    make_case("journals", "as many rows, gathered first", REQUESTS, True, 60.0, 1_500.0),
)
MANY = (make_case("many", "ten million rows", MANY_REQUESTS, False, None, 3_000.0),)
"""Minutes long: only where this file runs alone."""

if __name__ == "__main__":
    main(CASES + MANY)
