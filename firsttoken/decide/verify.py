"""Verification: every figure of a run computed again from its rows and held against its summary.

Rule: a summary is true when each figure in it follows from the rows, to a billionth, and none is missing. A run of an
older version lacks the kinds of figures that came later, everywhere: these alone are not missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from firsttoken.decide.metrics.metric import Figure
from firsttoken.decide.study import study_run
from firsttoken.results.folder import ROW_VERSION
from firsttoken.results.summary import read_summary

WITHIN = 1e-9
"""Relative difference that arithmetic in another order may make."""
COMPARED = ("value", "unit", "n", "lo", "hi", "flags")


@dataclass(frozen=True)
class Verification:
    """How many figures were computed, and a sentence for each that the summary tells otherwise."""

    figures: int
    mismatches: list[str]


def verify_run(path: Path | str) -> Verification:
    """Compute the figures of the run folder at path again. Raises RunFolderError where it, or its summary, is none."""
    study = study_run(path)
    told = read_summary(study.run.path, Figure)
    is_older = study.run.manifest.row_version < ROW_VERSION
    computed = keep_known(study.figures, told) if is_older else study.figures
    return Verification(len(computed), compare_figures(computed, told))


def keep_known(computed: list[Figure], told: list[Figure]) -> list[Figure]:
    """Those figures of whose kind the summary tells at least one: its version knew them."""
    known = set(map(_kind_of, told))
    return [figure for figure in computed if _kind_of(figure) in known]


def _kind_of(figure: Figure) -> tuple[str, float | None, bool, bool]:
    return figure.metric, figure.q, figure.level is None, figure.repeat is None


def compare_figures(computed: list[Figure], told: list[Figure]) -> list[str]:
    """A sentence for every figure that differs, is missing in the summary, or stands there without rows."""
    computed_by_name = {name_figure(figure): figure for figure in computed}
    told_by_name = {name_figure(figure): figure for figure in told}
    mismatches = [
        f"{name}: {key} follows from the rows as {getattr(figure, key)}, the summary says {getattr(stated, key)}"
        for name, figure in computed_by_name.items()
        if (stated := told_by_name.get(name))
        for key in COMPARED
        if not _agree(getattr(figure, key), getattr(stated, key))
    ]
    missing = [f"{name}: missing in the summary" for name in computed_by_name if name not in told_by_name]
    foreign = [f"{name}: in the summary, but no row gives it" for name in told_by_name if name not in computed_by_name]
    return mismatches + missing + foreign


def name_figure(figure: Figure) -> str:
    """A figure's identity in words: "gpt-5.4, level 16, repeat 0: ttft_ms q0.5"."""
    level = "all levels" if figure.level is None else f"level {figure.level:g}"
    repeat = "all repeats" if figure.repeat is None else f"repeat {figure.repeat}"
    quantile = "" if figure.q is None else f" q{figure.q:g}"
    return f"{figure.target}, {level}, {repeat}: {figure.metric}{quantile}"


def _agree(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or math.isclose(one, other, rel_tol=WITHIN)
    return one == other
