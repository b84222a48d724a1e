"""Was the run steady, and was the instrument idle enough?

One axis of time for the whole run: attempts in flight, times to first token, tokens per second, failures, and the load
process's own lag. Shaded: the measure windows; what lies outside them is drawn here and in no figure.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from firsttoken.decide.study import Study
from firsttoken.decide.units import write_value
from firsttoken.decide.validity import covers
from firsttoken.report import theme
from firsttoken.report.instrument import write_bound
from firsttoken.report.page import Cells, Column, Page, Table, run_alone
from firsttoken.report.series import write_percent, write_users
from firsttoken.report.trace import NS, Trace, count_in_flight, measure_drift, read_trace, tokens_per_second

ORDER = 60
MOST_BINS = 240
MOST_DOTS = 3000
STRIPS = {"In flight": 2.0, "First token, s": 3.0, "Tokens / s": 2.0, "Failures / s": 1.5, "Lag, ms": 1.5}
"""Each strip with its relative height."""


def build(study: Study) -> Page | None:
    """The page: five strips over one axis of time, a row per stage beneath them; None where nothing was sent."""
    trace = read_trace(study.run)
    if not len(trace.sent):
        return None
    dots = "" if len(trace.sent) <= MOST_DOTS else f", every {_step(trace)}th drawn"
    return Page(
        slug="timeline",
        title="Timeline",
        question="Was the run steady, and was the instrument idle enough?",
        finding=_finding(study, trace),
        figure=_draw(study, trace),
        caption="Shaded: measure windows in the colour of their target, users above them. "
        f"Dots: one attempt each, when it was sent{dots}. Failures: 429 in ochre, others in red. "
        f"Lag: how late the load process came to its work, p99 of each second. {write_bound(study)}",
        table=_table(study, trace),
        notes=(
            "Drift: median time to first token in the second half of a window against the first half; n/a below 5 in "
            "a half.",
        ),
    )


def _finding(study: Study, trace: Trace) -> str:
    windows = [(stage.stage, stage.window) for stage in study.run.stages if stage.window]
    drifts = [abs(drift) for number, window in windows if (drift := measure_drift(trace, number, window)) is not None]
    broken = int((trace.failed | trace.limited).sum())
    parts = [f"{broken:,} of {len(trace.sent):,} attempts failed" if broken else "No attempt failed"]
    if drifts:
        parts.append(f"windows drifted by {write_percent(max(drifts))} at most")
    lags = [beat.hub_lag_max_ms for beat in study.run.health if any(covers(window, beat) for _, window in windows)]
    if lags:
        parts.append(f"the load process was {write_value(max(lags), 'ms')} late at worst in a window")
    return "; ".join(parts)


def _draw(study: Study, trace: Trace) -> Drawing:
    figure, panels = theme.strips(12.0, list(STRIPS.values()))
    for panel, title in zip(panels, STRIPS, strict=True):
        panel.set_title(title, fontsize=7.5, pad=11 if panel is panels[0] else 3, color=theme.SOFT)
        panel.yaxis.set_major_locator(theme.few_ticks())
    _shade(panels, study)
    _draw_strips(panels, study, trace)
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
            f"{stage.level:g}", ((begin + end) / 2, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
            textcoords="offset points", ha="center", color=colour[stage.target], fontsize=7.5, fontweight=600,
        )  # fmt: skip


def _draw_strips(panels: list[Axes], study: Study, trace: Trace) -> None:
    flight, first, pace, failures, lag = panels
    width = max(1.0, np.ceil(trace.stop / MOST_BINS))
    edges = np.arange(0.0, trace.stop + width, width)
    flight.step(edges, count_in_flight(trace, edges), where="post", color=theme.INK, linewidth=0.9)
    kept = np.arange(0, len(trace.sent), _step(trace))
    for target, colour in theme.colours(study.targets).items():
        mine = kept[trace.target[kept] == target]
        first.plot(trace.sent[mine], trace.ttft[mine], ".", color=colour, markersize=3, markeredgewidth=0)
    pace.stairs(tokens_per_second(trace, edges), edges, color=theme.INK, linewidth=0.9)
    limited, failed = (np.histogram(trace.end[which], edges)[0] / width for which in (trace.limited, trace.failed))
    failures.stairs(limited, edges, fill=True, color=theme.CAUTION)
    failures.stairs(limited + failed, edges, baseline=limited, fill=True, color=theme.BAD)
    lag.plot([beat.at_ns / NS for beat in study.run.health], [beat.hub_lag_p99_ms for beat in study.run.health],
             color=theme.INK, linewidth=0.8)  # fmt: skip
    for panel in panels:
        panel.set_ylim(0, max(1.0, panel.get_ylim()[1]))
        panel.set_xlim(0, trace.stop)


def _step(trace: Trace) -> int:
    return max(1, -(-len(trace.sent) // MOST_DOTS))


def _table(study: Study, trace: Trace) -> Table:
    heads = [
        Column("Stage", words=True), Column("Load", words=True), Column("Began", "s"), Column("Measured", "s"),
        Column("Attempts"), Column("429"), Column("Failed"), Column("Drift", "%"), Column("Broken off", words=True),
    ]  # fmt: skip
    rows: list[Cells] = []
    for stage in study.run.stages:
        mine = trace.stage == stage.stage
        drift = measure_drift(trace, stage.stage, stage.window) if stage.window else None
        counts = [f"{int((mine & which).sum()):,}" for which in (mine, trace.limited, trace.failed)]
        began = "never" if stage.ramp_ns is None else f"{stage.ramp_ns / NS:,.0f}"
        length = "not" if stage.window is None else f"{(stage.window[1] - stage.window[0]) / NS:.1f}"
        shift = "n/a" if drift is None else f"{100 * drift:+.1f}"
        name, load = f"{stage.stage + 1}. {stage.target}", write_users(stage.level)
        rows.append((name, load, began, length, *counts, shift, stage.reason or ""))
    return Table(heads, rows)


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
