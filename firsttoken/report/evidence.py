"""What page one says of the run as a whole: what the answer rests on, how a reader can check it, and who else ran.

Rule: a count is shown with its effect on the results.
"""

from collections.abc import Collection, Iterator

from firsttoken.decide.study import Study
from firsttoken.decide.words.units import write_value
from firsttoken.report.instrument_error import worst_ms, write_ms
from firsttoken.report.sentences import join_words


def write_evidence(study: Study) -> str:
    """Validity, repeats, n, instrument error, dollars spent, run id and how to verify, in one line."""
    asked = sum(f.n for f in study.results if f.metric == "requests" and f.repeat is None and f.level is None)
    repeats = study.scenario.load.repeats
    parts = [
        write_validity(study),
        f"{repeats} {'repeat' if repeats == 1 else 'repeats'}",
        f"{asked:,} requests",
        _instrument_error(study),
        f"{_spent(study)} spent",
        f"run {study.run.manifest.run_id}",
        "check: firsttoken verify RUN",
    ]
    return "; ".join(parts) + "."


def write_validity(study: Study) -> str:
    """Whether everything that was measured counts: "Valid", "2 levels void, 1 level cannot pass"."""
    void = {(flag.target, flag.level) for flag in study.flags if flag.is_void}
    barred = {(flag.target, flag.level) for flag in study.flags if flag.bars_pass} | {
        (target, level.level)
        for target, target_verdict in study.target_verdicts.items()
        for level in target_verdict.levels
        if level.unpaced
    }
    remarks = {
        "nothing measured": not any(
            level.attainment.n for each in study.target_verdicts.values() for level in each.levels
        ),
        f"{_count_levels(void)} void": void,
        f"{_count_levels(barred - void)} cannot pass": barred - void,
        "a worker lost": study.worker_lost and not void,
    }
    return ", ".join(words for words, holds in remarks.items() if holds).capitalize() or "Valid"


def _count_levels(levels: Collection[tuple[str, float | None]]) -> str:
    return "1 level" if len(levels) == 1 else f"{len(levels)} levels"


def _instrument_error(study: Study) -> str:
    """How well first tokens are known, at p99: as the charts draw it."""
    error_ms = worst_ms(study)
    return "no first token timed" if error_ms is None else f"first tokens timed within {write_ms(error_ms)}"


def _spent(study: Study) -> str:
    """Dollars that the run cost; what a simulator answered costs none."""
    real = [target.name for target in study.scenario.target if target.base_url]
    results = [study.result(target, "dollars") for target in real]
    known = [result.value for result in results if result and result.value is not None]
    return write_value(sum(known), "USD") if len(known) == len(real) else "unknown dollars"


def list_run_remarks(study: Study) -> Iterator[str]:
    """The remarks on the run, most decisive first."""
    aside = study.run.set_aside("TRUE")
    if aside:
        count = sum(aside.values())
        rows = "1 row is" if count == 1 else f"{count:,} rows are"
        yield f"{rows} impossible, set aside and in no result: {', '.join(aside)}."
    manifest = study.run.manifest
    if manifest.others:
        who = join_words([f"{name} ({count:,})" for name, count in manifest.others.items()])
        failed = f", {manifest.others_failures:,} failed" if manifest.others_failures else ""
        requests = f"Their requests (about {manifest.others_requests:,}{failed}) are in no result."
        yield f"Users of other classes ran too: {who}. {requests}"
