"""Verification: every result of a run computed again from its rows and held against its summary.

Rule: a summary is true when each result in it follows from the rows, to a billionth, and none is missing. What was
computed by other definitions than those of this version says nothing by not following, and is not compared. A run of
another release may lack the kinds of results that came later, everywhere: these alone are not missing.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from firsttoken import __version__
from firsttoken.decide.judge.exit_code import FAILED, UNDECIDED
from firsttoken.decide.metrics.value import MetricKey, MetricValue
from firsttoken.decide.study import study_run
from firsttoken.results.folder import open_run
from firsttoken.results.summary import NAME, read_summary
from firsttoken.row import DEFINITIONS

WITHIN = 1e-9
"""Relative difference that arithmetic in another order may make."""
COMPARED = ("value", "unit", "n", "lo", "hi", "flags")


@dataclass(frozen=True)
class Verification:
    """How many results were computed, and a sentence for each that differs in the summary."""

    results: int
    mismatches: list[str]
    other_rules: str = ""
    """Why nothing was compared, in a sentence; empty where it was."""

    @property
    def exit_code(self) -> int:
        """0: all follow, 1: some do not, 4: unknown."""
        return UNDECIDED if self.other_rules else FAILED if self.mismatches else 0


def verify_run(path: Path | str) -> Verification:
    """Compute the results of a run folder again. Raises RunFolderError where it is no run, or has no valid summary."""
    run = open_run(path)
    stored = read_summary(run.path, MetricValue)
    if stored.definitions != DEFINITIONS:
        return Verification(0, [], _tell_rules(run.path, stored.definitions))
    results = study_run(path).results
    is_of_another = run.manifest.versions.get("firsttoken") != __version__
    computed = keep_known(results, stored.values) if is_of_another else results
    return Verification(len(computed), compare_values(computed, stored.values))


def _tell_rules(folder: Path, definitions: int | None) -> str:
    age = "newer" if (definitions or 0) > DEFINITIONS else "older"
    stated = "no definitions are stated" if definitions is None else f"definitions {definitions}"
    return (
        f"{folder}: its results were made under {age} rules ({stated}; this version's are {DEFINITIONS}), so they were "
        f"not compared; delete {folder / NAME}, and `firsttoken report {folder}` computes them by this version's"
    )


def keep_known(computed: list[MetricValue], stored: list[MetricValue]) -> list[MetricValue]:
    """Those results of whose kind the summary has at least one: its version knew them."""
    known = set(map(_kind_of, stored))
    return [result for result in computed if _kind_of(result) in known]


def _kind_of(result: MetricValue) -> tuple[str, float | None, bool, bool]:
    return result.metric, result.q, result.level is None, result.repeat is None


def compare_values(computed: list[MetricValue], stored: list[MetricValue]) -> list[str]:
    """A sentence for every result that differs, is missing in the summary, or stands there without rows."""
    follows = {result.key: result for result in computed}
    stated = {result.key: result for result in stored}
    mismatches = [
        f"{name_value(key)}: {field} is, from the rows, {getattr(result, field)}, "
        f"the summary says {getattr(stated[key], field)}"
        for key, result in follows.items()
        if key in stated
        for field in COMPARED
        if not _agree(getattr(result, field), getattr(stated[key], field))
    ]
    missing = [f"{name_value(key)}: missing in the summary" for key in follows if key not in stated]
    foreign = [f"{name_value(key)}: in the summary, but not in the rows" for key in stated if key not in follows]
    return mismatches + missing + foreign


def name_value(key: MetricKey) -> str:
    """A key in words: "gpt-5.4, level 16, repeat 0: ttft_ms q0.5"."""
    level = "all levels" if key.level is None else f"level {key.level:g}"
    repeat = "all repeats" if key.repeat is None else f"repeat {key.repeat}"
    among = {"name": key.name, "turn": key.turn, "input_tokens": key.input_tokens}
    parts = [key.target, level, repeat, *(f"{name} {value}" for name, value in among.items() if value is not None)]
    quantile = "" if key.q is None else f" q{key.q:g}"
    return f"{', '.join(parts)}: {key.metric}{quantile}"


def _agree(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or math.isclose(one, other, rel_tol=WITHIN)
    return one == other
