"""Verification: every result of a run computed again from its rows and held against its summary.

Rule: a summary is true when each result in it follows from the rows, to a billionth, and none is missing. A run of an
older version lacks the kinds of results that came later, everywhere: these alone are not missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from firsttoken.decide.metrics.value import MetricValue
from firsttoken.decide.study import study_run
from firsttoken.results.folder import ROW_VERSION
from firsttoken.results.summary import read_summary

WITHIN = 1e-9
"""Relative difference that arithmetic in another order may make."""
COMPARED = ("value", "unit", "n", "lo", "hi", "flags")


@dataclass(frozen=True)
class Verification:
    """How many results were computed, and a sentence for each that the summary tells otherwise."""

    results: int
    mismatches: list[str]


def verify_run(path: Path | str) -> Verification:
    """Compute the results of a run folder again. Raises RunFolderError where it is no run, or has no valid summary."""
    study = study_run(path)
    told = read_summary(study.run.path, MetricValue)
    is_older = study.run.manifest.row_version < ROW_VERSION
    computed = keep_known(study.results, told) if is_older else study.results
    return Verification(len(computed), compare_values(computed, told))


def keep_known(computed: list[MetricValue], told: list[MetricValue]) -> list[MetricValue]:
    """Those results of whose kind the summary tells at least one: its version knew them."""
    known = set(map(_kind_of, told))
    return [result for result in computed if _kind_of(result) in known]


def _kind_of(result: MetricValue) -> tuple[str, float | None, bool, bool]:
    return result.metric, result.q, result.level is None, result.repeat is None


def compare_values(computed: list[MetricValue], told: list[MetricValue]) -> list[str]:
    """A sentence for every result that differs, is missing in the summary, or stands there without rows."""
    computed_by_name = {name_value(result): result for result in computed}
    told_by_name = {name_value(result): result for result in told}
    mismatches = [
        f"{name}: {key} follows from the rows as {getattr(result, key)}, the summary says {getattr(stated, key)}"
        for name, result in computed_by_name.items()
        if (stated := told_by_name.get(name))
        for key in COMPARED
        if not _agree(getattr(result, key), getattr(stated, key))
    ]
    missing = [f"{name}: missing in the summary" for name in computed_by_name if name not in told_by_name]
    foreign = [f"{name}: in the summary, but no row gives it" for name in told_by_name if name not in computed_by_name]
    return mismatches + missing + foreign


def name_value(result: MetricValue) -> str:
    """A result's identity in words: "gpt-5.4, level 16, repeat 0: ttft_ms q0.5"."""
    level = "all levels" if result.level is None else f"level {result.level:g}"
    repeat = "all repeats" if result.repeat is None else f"repeat {result.repeat}"
    quantile = "" if result.q is None else f" q{result.q:g}"
    return f"{result.target}, {level}, {repeat}: {result.metric}{quantile}"


def _agree(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or math.isclose(one, other, rel_tol=WITHIN)
    return one == other
