"""How accurate was the instrument, and which windows were discarded?

Measured against true where the server logged its own truth, else the brackets around the arrivals; how late bytes were
read and how late the load process came to its work, over time; and what was thrown out, with the reason. A target that
is asked through the openai package has no row: what the package adds is there what is measured.
"""

from collections.abc import Iterator, Sequence

from firsttoken.analysis import (
    BAD,
    BOUNDS,
    LATE_MS,
    Cell,
    Cells,
    Column,
    InstrumentAccuracy,
    Page,
    Study,
    Table,
    draw_instrument,
    read_all,
    run_alone,
    worst_ms,
    write_ms,
    write_percent,
)

ORDER = 70
HEADS = (
    Column("First tokens"), Column("By the kernel", "%"),
    Column("Bracket", "p99, ms"), Column("Error", "median, ms"), Column("Error", "p99, ms"), Column("Pace error", "%"),
    Column("Unread", "p99, ms"), Column("Lag", "worst, ms"), Column("Core", "%"), Column("Counts", words=True),
)  # fmt: skip
LATE = Column("Late", "p99, ms")
"""Of an open loop alone."""


def build(study: Study) -> Page | None:
    """The page: error and lag over time, a row per target and level; None where no window was measured."""
    if not any(stage.window for stage in study.run.studied):
        return None
    accuracies = read_all(study)
    heads = [*HEADS[:-1], LATE, HEADS[-1]] if study.unit.by == "rate" else HEADS
    return Page(
        slug="instrument",
        title="Instrument",
        question="How accurate was the instrument, and which windows were discarded?",
        finding=_finding(study, accuracies),
        figure=draw_instrument(study),
        caption="Above: measured less true time of each first token, where the server logged the truth. Middle: how "
        "long arrived bytes stayed unread (p99 of each second). Below: the lag of the load process (p99 line, worst "
        "dotted). Of several processes the worst. Shaded: measure windows, red if discarded.",
        table=Table([Column("Target", words=True), Column(*study.unit.head), *heads], list(_rows(study, accuracies))),
        notes=tuple(_notes(study, accuracies)),
    )


def _finding(study: Study, accuracies: Sequence[InstrumentAccuracy]) -> str:
    void = {(each.target, each.level, each.by): each in study.void_stages for each in study.run.studied if each.window}
    out, error_ms = sum(void.values()), worst_ms(study)
    kept = f"{out} of {len(void)} levels were discarded" if out else "no window was discarded"
    if error_ms is None:
        return f"No first token was measured on our own connection; {kept}"
    matched = any(accuracy.matched for accuracy in accuracies)
    known = "Measured and true first tokens differ by" if matched else "First tokens are known to"
    return f"{known} {write_ms(error_ms)} at most in 99 of 100; {kept}"


def _rows(study: Study, accuracies: Sequence[InstrumentAccuracy]) -> Iterator[Cells]:
    before = ""
    for each in accuracies:
        late = [_write(each.lateness_p99_ms)] if study.unit.by == "rate" else []
        yield (
            "" if each.target == before else each.target, study.unit.number(each.level), f"{each.first_tokens:,}",
            _write(each.kernel_share, 0, 100), _write(each.bracket_p99_ms), _write(each.error_p50_ms),
            _write(each.error_p99_ms), _write(each.tpot_error_p50, 2, 100), _write(each.read_delay_p99_ms),
            _write(each.hub_lag_max_ms), _write(each.cpu_share, 0, 100), *late,
            Cell("no", colour=BAD) if each.thrown_out else "yes",
        )  # fmt: skip
        before = each.target


def _write(value: float | None, digits: int = 2, times: float = 1.0) -> str:
    return "–" if value is None else f"{times * value:.{digits}f}"


def _notes(study: Study, accuracies: Sequence[InstrumentAccuracy]) -> Iterator[str]:
    bounds = "; ".join(f"{bound.what} {bound.most:g} {bound.unit}" for bound in BOUNDS)
    yield f"A window is discarded as CLIENT_LIMITED beyond these bounds: {bounds}."
    for flag in study.every_flag:
        if flag.is_void and flag.level is not None:
            yield f"{flag.target} at {study.unit_of(flag.by).write(flag.level)}: {flag.evidence}"
    if study.unit.by == "rate":
        yield (
            f"Late: started after the scheduled time. If more than 1 % are later than {LATE_MS:g} ms, below the "
            "limit of open requests, the load process is the cause, and the window is discarded."
        )
    least = min((each.kernel_share for each in accuracies if each.kernel_share is not None), default=1.0)
    if least < 1:
        yield (
            f"The kernel stamped only {write_percent(least)} of first tokens at the lowest; the others have our own "
            "time."
        )
    if accuracies and not any(accuracy.matched for accuracy in accuracies):
        yield "Only a simulated target has a log; of a real one the brackets contain the true time."
    yield from study.placements


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
