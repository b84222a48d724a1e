"""The evidence line of page one: what the answer rests on, and how anybody can check it."""

from __future__ import annotations

import numpy as np

from firsttoken.decide.study import Study
from firsttoken.decide.units import write_value


def write_evidence(study: Study) -> str:
    """Validity, repeats, n, instrument error, dollars spent, run id and how to verify, in one line."""
    void = {(flag.target, flag.level) for flag in study.flags if flag.voids}
    asked = sum(f.n for f in study.figures if f.metric == "requests" and f.repeat is None and f.level is None)
    repeats = study.scenario.load.repeats
    parts = [
        f"{len(void)} {'level' if len(void) == 1 else 'levels'} void" if void else "Valid",
        f"{repeats} {'repeat' if repeats == 1 else 'repeats'}",
        f"{asked:,} requests",
        _instrument_error(study),
        f"{_spent(study)} spent",
        f"run {study.run.manifest.run_id}",
        "check: firsttoken verify RUN",
    ]
    return "; ".join(parts) + "."


def _instrument_error(study: Study) -> str:
    """How well first tokens are known: the width of the bracket around them, at p99 of the measured ones."""
    marks = study.run.attempts("first_token_early_ns", "first_token_ns", where="phase = 'measure'")
    width_ns = np.asarray(marks["first_token_ns"], np.float64) - np.asarray(marks["first_token_early_ns"], np.float64)
    known = width_ns[~np.isnan(width_ns)]
    if not len(known):
        return "no first token timed"
    return f"first tokens timed within {max(0.01, np.ceil(np.quantile(known, 0.99) / 1e4) / 100):g} ms"


def _spent(study: Study) -> str:
    """Dollars that the run cost; what a simulator answered costs none."""
    real = [target.name for target in study.scenario.target if target.base_url]
    figures = [study.figure(target, "dollars") for target in real]
    known = [figure.value for figure in figures if figure and figure.value is not None]
    return write_value(sum(known), "USD") if len(known) == len(real) else "unknown dollars"
