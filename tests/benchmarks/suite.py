"""Bars, cases, and how they are run, judged and told.

Rule: a figure is the median of all runs, or what its bar names instead, and its range is shown. A run in which others
used more than a twentieth of a core is repeated, a few times, and where the machine never gets quiet the row says so.
"""

import json
import os
import platform
import statistics
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, TextIO

from firsttoken.machine.host import describe_host
from tests.benchmarks.truth import BUILT, name_server

QUIET_SHARE = 0.05
MOST_REPEATS = 2
"""Of one run that was not quiet."""
RUNS, MEASURE_S, QUICK_MEASURE_S = 5, 10.0, 4.0
PACKAGES = ("firsttoken", "locust", "gevent", "openai", "aiohttp", "httptools", "msgspec")


OVER_RUNS: dict[str, Callable[[list[float]], float]] = {
    "median": statistics.median, "mean": statistics.fmean, "max": max, "min": min, "sum": sum
}  # fmt: skip


class Bar(NamedTuple):
    """One row of the table: a figure of a case, and what it has to be."""

    figure: str
    what: str
    unit: str
    most: float | None = None
    """None with `least`: no bar, told for its own sake."""
    least: float | None = None
    over_runs: str = "median"
    """Which of OVER_RUNS makes one figure of all runs."""


class Sample(NamedTuple):
    """One run of a case."""

    figures: dict[str, float]
    others_share: float
    """Of a core, used by processes that are not ours."""


class Case(NamedTuple):
    """A set-up that is run several times; each run gives all its figures."""

    name: str
    run: Callable[[float], Sample]
    """Takes the seconds to measure for."""
    bars: tuple[Bar, ...]


class Result(NamedTuple):
    """A row of the table with its figures."""

    case: str
    bar: Bar
    values: list[float]
    others_share: list[float]
    repeated: int

    @property
    def value(self) -> float:
        return float(OVER_RUNS[self.bar.over_runs](self.values))

    @property
    def verdict(self) -> str:
        if self.bar.most is None and self.bar.least is None:
            return "-"
        kept = (self.bar.most is None or self.value <= self.bar.most) and (
            self.bar.least is None or self.value >= self.bar.least
        )
        return "pass" if kept else "MISS"

    @property
    def noise(self) -> str:
        """What is to be said of the machine: nothing where it was quiet."""
        loud = [share for share in self.others_share if share > QUIET_SHARE]
        said = f"not quiet: others used up to {max(loud):.0%} of a core" if loud else ""
        return "; ".join(filter(None, [said, f"{self.repeated} runs repeated" if self.repeated else ""]))


def run_case(case: Case, runs: int, measure_s: float, repeats: int) -> list[Result]:
    """Run a case so many times; of one run and its repeats the quietest counts."""
    samples: list[Sample] = []
    repeated = 0
    for number in range(runs):
        tries = [case.run(measure_s)]
        while tries[-1].others_share > QUIET_SHARE and len(tries) <= repeats:
            tries.append(case.run(measure_s))
        repeated += len(tries) - 1
        samples.append(min(tries, key=lambda sample: sample.others_share))
        say(f"{case.name}: run {number + 1} of {runs}", to=sys.stderr)
    shares = [sample.others_share for sample in samples]
    return [
        Result(case.name, bar, [sample.figures[bar.figure] for sample in samples], shares, repeated)
        for bar in case.bars
    ]


HEADINGS = ("what", "bar", "measured", "min - max", "verdict", "machine")


def tell(result: Result) -> tuple[str, ...]:
    """A result as the table prints it, by HEADINGS."""
    bar = result.bar
    sign, bound = ("<=", bar.most) if bar.most is not None else (">=", bar.least)
    return (
        bar.what,
        "-" if bound is None else f"{sign} {write(bound)} {bar.unit}".rstrip(),
        f"{write(result.value)} {bar.unit}".rstrip(),
        f"{write(min(result.values))} - {write(max(result.values))}",
        result.verdict,
        result.noise or "quiet",
    )


def write(value: float) -> str:
    """Three digits, or a whole number."""
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 100 else f"{value:.3g}"


def print_table(results: Sequence[Result]) -> None:
    """Print HEADINGS and a line for each result, as Markdown that is also legible as it is."""
    lines = [HEADINGS, *map(tell, results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    for line in (HEADINGS, tuple("-" * width for width in widths), *lines[1:]):
        say("| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |")


def write_json(path: Path, results: Sequence[Result], runs: int, measure_s: float) -> None:
    """Write everything that the table was made of, with the machine and the versions."""
    content = {
        "taken_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_host(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "truth_server": name_server(),
        "runs": runs,
        "measure_s": measure_s,
        "load_average": os.getloadavg(),
        "rows": [
            {
                "case": result.case,
                **result.bar._asdict(),
                "value": result.value,
                "values": result.values,
                "verdict": result.verdict,
                "others_share": result.others_share,
                "repeated": result.repeated,
            }
            for result in results
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")


def say(line: str, to: TextIO = sys.stdout) -> None:
    """Write one line at once."""
    to.write(line + "\n")
    to.flush()


def main(cases: Sequence[Case]) -> None:
    """Run the cases that the command line asks for, print the table and write the JSON file."""
    parser = ArgumentParser(description="FirstToken's benchmarks: the instrument against servers whose truth is known")
    parser.add_argument("--quick", action="store_true", help="one short run of each, repeated for nothing")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each case")
    parser.add_argument("--only", default="", help="only cases whose name has this in it")
    parser.add_argument("--out", type=Path, default=BUILT / "bench.json", help="where the JSON file goes")
    asked = parser.parse_args()
    runs, measure_s, repeats = (1, QUICK_MEASURE_S, 0) if asked.quick else (asked.runs, MEASURE_S, MOST_REPEATS)
    say(f"truth: {name_server()}; {runs} runs of {measure_s:g} s each; load average {os.getloadavg()[0]:.2f}")
    results: list[Result] = []
    try:
        for case in cases:
            if asked.only in case.name:
                results += run_case(case, runs, measure_s, repeats)
    finally:  # a case that breaks, or whoever interrupts it, does not cost the others' figures
        print_table(results)
        write_json(asked.out, results, runs, measure_s)
        say(f"written: {asked.out}")
