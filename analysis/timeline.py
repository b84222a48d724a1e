"""Was the run steady, and was the instrument idle enough?

One axis of time for the whole run: attempts in flight, times to first token, tokens per second, failures, and the load
process's own lag. Shaded: the measure windows; what lies outside them is drawn here and in no result.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from firsttoken.decide.flags.client_limits import find_seconds
from firsttoken.decide.study import Study
from firsttoken.decide.words.units import write_value
from firsttoken.report.chart import theme
from firsttoken.report.chart.series import write_percent
from firsttoken.report.chart.ticks import few_ticks
from firsttoken.report.chart.timeline import NS, Timeline, read_timeline
from firsttoken.report.instrument import find_worst, write_bound
from firsttoken.report.page import Cell, Cells, Column, Page, Table, run_alone
from firsttoken.results.stage import Stage

ORDER = 60
MOST_BINS = 240
MOST_DOTS = 3000
STRIPS = {"In flight": 2.0, "First token, s": 3.0, "Tokens / s": 2.0, "Failures / s": 1.5, "Lag, ms": 1.5}
"""Each strip with its relative height."""


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
        question="Was the run steady, and was the instrument idle enough?",
        finding=_finding(study, timeline),
        figure=_draw(study, timeline),
        caption="Shaded: measure windows in the colour of their target, their load above them. "
        f"Dots: one attempt each, when it was sent{dots}. Failures: 429 in ochre, others in red. "
        f"Lag: how late the load process came to its work, p99 of each second{worst}. {write_bound(study)}",
        table=_table(study, timeline),
        notes=(
            "Drift: median time to first token in the second half of a window against the first half; n/a below 5 in "
            "a half.",
        ),
    )


def _finding(study: Study, timeline: Timeline) -> str:
    windows = [stage.window for stage in study.run.stages if stage.window]
    drifts = [abs(drift) for stage in study.run.stages if (drift := _drift(timeline, stage)) is not None]
    broken = sum(stage.failed + stage.limited for stage in timeline.stages.values())
    parts = [f"{broken:,} of {timeline.attempts:,} attempts failed" if broken else "No attempt failed"]
    if drifts:
        parts.append(f"windows drifted by {write_percent(max(drifts))} at most")
    lags = [beat.hub_lag_max_ms for beat in find_seconds(windows, study.run.health)]
    if lags:
        parts.append(f"the load process was {write_value(max(lags), 'ms')} late at worst in a window")
    return "; ".join(parts)


def _is_steady(stage: Stage) -> bool:
    """Whether the load was to stay as it was: where it was not, what changes with it is no drift."""
    return stage.shape in ("", "soak")


def _drift(timeline: Timeline, stage: Stage) -> float | None:
    trace = timeline.stages.get(stage.stage)
    return trace.drift if trace and _is_steady(stage) else None


def _load(study: Study, stage: Stage) -> Cell:
    load = study.unit_of(stage.by).write(stage.level)
    return Cell(load, "confirms" if stage.confirms else stage.shape)


def _end(stage: Stage) -> Cell:
    """Why a stage was interrupted, and which one took its place."""
    return Cell(stage.reason or "", "" if stage.done_over_by is None else f"done over by {stage.done_over_by + 1}")


def _draw(study: Study, timeline: Timeline) -> Figure:
    figure, panels = theme.strips(12.0, list(STRIPS.values()))
    for panel, title in zip(panels, STRIPS, strict=True):
        panel.set_title(title, fontsize=7.5, pad=11 if panel is panels[0] else 3, color=theme.SOFT)
        panel.yaxis.set_major_locator(few_ticks())
    _shade(panels, study)
    _draw_strips(panels, study, timeline)
    panels[-1].set_xlabel("seconds since the run began")
    return figure


def _shade(panels: list[Axes], study: Study) -> None:
    colour = theme.colours(study.targets)
    for stage in study.run.stages:
        if stage.window is None:
            continue
        begin, end = (at / NS for at in stage.window)
        for panel in panels:
            panel.axvspan(begin, end, color=colour[stage.target], alpha=0.10, linewidth=0)
        panels[0].annotate(
            study.unit.number(stage.level), ((begin + end) / 2, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
            textcoords="offset points", ha="center", color=colour[stage.target], fontsize=7.5, fontweight=600,
        )  # fmt: skip


def _draw_strips(panels: list[Axes], study: Study, timeline: Timeline) -> None:
    flight, first, pace, failures, lag = panels
    edges, colour = timeline.edges, theme.colours(study.targets)
    flight.step(edges, timeline.in_flight, where="post", color=theme.INK, linewidth=0.9)
    for stage in timeline.stages.values():
        first.plot(stage.sent, stage.ttft, ".", color=colour[stage.target], markersize=3, markeredgewidth=0)
    pace.stairs(timeline.tokens_per_s, edges, color=theme.INK, linewidth=0.9)
    limited, broken = timeline.limited_per_s, timeline.limited_per_s + timeline.failed_per_s
    failures.stairs(limited, edges, fill=True, color=theme.CAUTION)
    failures.stairs(broken, edges, baseline=limited, fill=True, color=theme.BAD)
    lag.plot(*find_worst(study.run.health, "hub_lag_p99_ms", timeline.width), color=theme.INK, linewidth=0.8)
    for panel in panels:
        panel.set_ylim(0, max(1.0, panel.get_ylim()[1]))
        panel.set_xlim(0, timeline.stop)


def _table(study: Study, timeline: Timeline) -> Table:
    heads = [
        Column("Stage", words=True), Column("Load", words=True), Column("Began", "s"), Column("Measured", "s"),
        Column("Attempts"), Column("429"), Column("Failed"), Column("Drift", "%"),
        Column("Interrupted", words=True, wide=True),
    ]  # fmt: skip
    rows: list[Cells] = []
    for stage in study.run.stages:
        drift, trace = _drift(timeline, stage), timeline.stages.get(stage.stage)
        counts = [f"{count:,}" for count in ((trace.attempts, trace.limited, trace.failed) if trace else (0, 0, 0))]
        began = "never" if stage.ramp_ns is None else f"{stage.ramp_ns / NS:,.0f}"
        length = "not" if stage.window is None else f"{(stage.window[1] - stage.window[0]) / NS:.1f}"
        shift = "n/a" if drift is None else f"{100 * drift:+.1f}"
        rows.append(
            (f"{stage.stage + 1}. {stage.target}", _load(study, stage), began, length, *counts, shift, _end(stage))
        )
    return Table(heads, rows)


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
