"""The evidence line of page one: what the answer rests on, and how anybody can check it."""

from __future__ import annotations

from firsttoken.decide.study import Study
from firsttoken.decide.units import write_value
from firsttoken.report.instrument import worst_ms, write_ms


def write_evidence(study: Study) -> str:
    """Validity, repeats, n, instrument error, dollars spent, run id and how to verify, in one line."""
    void = {(flag.target, flag.level) for flag in study.flags if flag.is_void}
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
    """How well first tokens are known, at p99: as the charts draw it."""
    error_ms = worst_ms(study)
    return "no first token timed" if error_ms is None else f"first tokens timed within {write_ms(error_ms)}"


def _spent(study: Study) -> str:
    """Dollars that the run cost; what a simulator answered costs none."""
    real = [target.name for target in study.scenario.target if target.base_url]
    figures = [study.figure(target, "dollars") for target in real]
    known = [figure.value for figure in figures if figure and figure.value is not None]
    return write_value(sum(known), "USD") if len(known) == len(real) else "unknown dollars"
