"""Was the run steady, and was the load generator idle enough?

One axis of time for the whole run: attempts in flight, times to first token, tokens per second, failures, and the load
process's own lag. Shaded: the measure windows; what lies outside them is drawn here and in no figure.
"""

from collections.abc import Iterator

from firsttoken.analysis import (
    NS,
    Cell,
    Cells,
    Column,
    Page,
    Stage,
    Study,
    Table,
    Timeline,
    draw_timeline,
    read_timeline,
    run_alone,
    write_bound,
    write_percent,
    write_value,
)

ORDER = 60
MOST_BINS, MOST_DOTS = 240, 3000
HEADS = (
    Column("Stage", words=True), Column("Load", words=True), Column("Began", "s"), Column("Measured", "s"),
    Column("Attempts"), Column("429"), Column("Failed"), Column("Drift", "%"),
    Column("Interrupted", words=True, wide=True),
)  # fmt: skip


def build(study: Study) -> Page | None:
    """The page: five strips over one axis of time, a row per stage beneath them; None where nothing was sent."""
    timeline = read_timeline(study.run, MOST_BINS, MOST_DOTS)
    if not timeline.attempts:
        return None
    dots = "" if timeline.step == 1 else f", every {timeline.step:,}th drawn"
    worst = "" if timeline.width == 1 else f", the worst of every {timeline.width:,.0f} drawn"
    return Page(
        slug="timeline",
        title="Timeline",
        question="Was the run steady, and was the load generator idle enough?",
        finding="; ".join(_list_findings(study, timeline)),
        figure=draw_timeline(study, timeline),
        caption="Shaded: measure windows in the colour of their target, their load above them. "
        f"Dots: one attempt each, when it was sent{dots}. Failures: 429 in ochre, others in red. "
        f"Lag: how late the load process was, p99 of each second{worst}. {write_bound(study)}",
        table=Table(HEADS, [_row(study, timeline, stage) for stage in study.run.stages]),
        notes=(
            "Drift: median time to first token in the second half of a window against the first half; n/a below 5 in "
            "a half.",
        ),
    )


def _list_findings(study: Study, timeline: Timeline) -> Iterator[str]:
    broken = sum(stage.failed + stage.limited for stage in timeline.stages.values())
    yield f"{broken:,} of {timeline.attempts:,} attempts failed" if broken else "No attempt failed"
    drifts = [abs(drift) for stage in study.run.stages if (drift := _find_drift(study, stage)) is not None]
    if drifts:
        yield f"windows drifted by {write_percent(max(drifts))} at most"
    if (lag_ms := study.worst_lag_ms) is not None:
        yield f"the load process was {write_value(lag_ms, 'ms')} late at worst in a window"


def _find_drift(study: Study, stage: Stage) -> float | None:
    if stage.confirms or stage.done_over_by is not None:
        return None
    return study.value(stage.target, "ttft_drift", level=stage.level, repeat=stage.repeat)


def _row(study: Study, timeline: Timeline, stage: Stage) -> Cells:
    drift, seen = _find_drift(study, stage), timeline.stages.get(stage.stage)
    return (
        f"{stage.stage + 1}. {stage.target}",
        Cell(study.unit_of(stage.by).write(stage.level), "confirms" if stage.confirms else stage.shape),
        "never" if stage.ramp_ns is None else f"{stage.ramp_ns / NS:,.0f}",
        "not" if stage.window is None else f"{(stage.window[1] - stage.window[0]) / NS:.1f}",
        *(f"{count:,}" for count in ((seen.attempts, seen.limited, seen.failed) if seen else (0, 0, 0))),
        "n/a" if drift is None else f"{100 * drift:+.1f}",
        Cell(stage.reason or "", "" if stage.done_over_by is None else f"repeated by {stage.done_over_by + 1}"),
    )


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
