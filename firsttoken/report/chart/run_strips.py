"""Strips over the time of a whole run: what happened on one axis of time, with the measure windows shaded.

Rule: what lies outside the windows is drawn as well, for it explains what lies in them.
"""

from collections.abc import Collection, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from firsttoken.decide.study import Study
from firsttoken.decide.timeline import Timeline
from firsttoken.decoding.duration import NS
from firsttoken.report.chart.axes import few_ticks
from firsttoken.report.chart.canvas import strips
from firsttoken.report.chart.theme import BAD, CAUTION, INK, SOFT, colours
from firsttoken.report.instrument_error import find_worst
from firsttoken.results.stage import Stage

STRIPS = {"In flight": 2.0, "First token, s": 3.0, "Tokens / s": 2.0, "Failures / s": 1.5, "Lag, ms": 1.5}
"""Each strip of a timeline with its relative height."""

ANSWERED = "phase IS NOT NULL AND first_token_ns IS NOT NULL"
MOST_ERRORS = 3000
"""Dots of a target's errors."""


def shade_windows(panels: Sequence[Axes], study: Study, red: Collection[Stage] = ()) -> None:
    """Shade every measure window in the colour of its target, and those of some stages red."""
    colour = colours(study.targets)
    for stage in study.run.stages:
        for panel in panels if stage.window else ():
            shade, alpha = (BAD, 0.22) if stage in red else (colour[stage.target], 0.10)
            panel.axvspan(*(at / NS for at in stage.window or ()), color=shade, alpha=alpha, linewidth=0)


def draw_instrument(study: Study) -> Figure:
    """Three strips: the error of each first token, how long arrived bytes lay unread, and the load process's lag."""
    figure, (errors, unread, lag) = strips(10.0, [1.2, 0.8, 1.0])
    shade_windows((errors, unread, lag), study, red=study.void_stages)
    _draw_errors(errors, study)
    unread.plot(*find_worst(study.run.health, "read_delay_p99_ms"), color=INK, linewidth=0.9)
    unread.set_title("Arrived bytes unread, ms")
    lag.plot(*find_worst(study.run.health, "hub_lag_p99_ms"), color=INK, linewidth=0.9)
    lag.plot(*find_worst(study.run.health, "hub_lag_max_ms"), ":", color=INK, linewidth=0.8)
    lag.set_title("Lag of the load process, ms")
    for panel in (unread, lag):
        panel.set_ylim(0, max(1.0, panel.get_ylim()[1]))
    lag.set_xlabel("seconds since the run began")
    return figure


def _draw_errors(panel: Axes, study: Study) -> None:
    """Measured less true time of first tokens, of each target about so many."""
    panel.set_title("Measured less true first token, ms")
    for target, colour in colours(study.targets).items():
        truth = study.run.compare_truth(f"{ANSWERED} AND target = '{target.replace(chr(39), 2 * chr(39))}'")
        step = max(1, -(-len(truth["sent_ns"]) // MOST_ERRORS))
        at_s, error_ms = truth["sent_ns"][::step] / NS, truth["first_token_ns"][::step] / 1e6
        panel.plot(at_s, error_ms, ".", color=colour, markersize=3, markeredgewidth=0)
    if not any(len(line.get_xdata()) for line in panel.lines):  # type: ignore[arg-type] # an array
        words = "no server log to compare with"
        panel.text(0.5, 0.5, words, transform=panel.transAxes, ha="center", color=SOFT)
        return
    low, high = panel.get_ylim()
    panel.set_ylim(min(low, -0.05), max(high, 0.2))
    panel.axhline(0, color=INK, linewidth=0.7)


def draw_timeline(study: Study, timeline: Timeline) -> Figure:
    """Five strips: attempts in flight, first tokens, tokens and failures a second, and the load process's lag."""
    figure, panels = strips(12.0, list(STRIPS.values()))
    for panel, title in zip(panels, STRIPS, strict=True):
        panel.set_title(title, fontsize=7.5, pad=11 if panel is panels[0] else 3, color=SOFT)
        panel.yaxis.set_major_locator(few_ticks())
    shade_windows(panels, study)
    _name_loads(panels[0], study)
    flight, first, pace, failures, lag = panels
    edges, colour = timeline.edges, colours(study.targets)
    flight.step(edges, timeline.in_flight, where="post", color=INK, linewidth=0.9)
    for stage in timeline.stages.values():
        first.plot(stage.sent, stage.ttft, ".", color=colour[stage.target], markersize=3, markeredgewidth=0)
    pace.stairs(timeline.tokens_per_s, edges, color=INK, linewidth=0.9)
    limited, broken = timeline.limited_per_s, timeline.limited_per_s + timeline.failed_per_s
    failures.stairs(limited, edges, fill=True, color=CAUTION)
    failures.stairs(broken, edges, baseline=limited, fill=True, color=BAD)
    lag.plot(*find_worst(study.run.health, "hub_lag_p99_ms", timeline.width), color=INK, linewidth=0.8)
    for panel in panels:
        panel.set_ylim(0, max(1.0, panel.get_ylim()[1]))
        panel.set_xlim(0, timeline.stop)
    lag.set_xlabel("seconds since the run began")
    return figure


def _name_loads(panel: Axes, study: Study) -> None:
    """The load of each window above it."""
    colour = colours(study.targets)
    for stage in study.run.stages:
        if stage.window:
            panel.annotate(
                study.unit.number(stage.level), (sum(stage.window) / 2 / NS, 1), xycoords=("data", "axes fraction"),
                xytext=(0, 2), textcoords="offset points", ha="center", color=colour[stage.target], fontsize=7.5,
                fontweight=600,
            )  # fmt: skip
