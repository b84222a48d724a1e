"""How soon does the service come back after a spike?

Only of a spike: the wait for the first word, 95 of 100 users, in a window that slides over the whole profile, and when
it was back at what it was before.
"""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from firsttoken.decide.measure.recovery import Recovery
from firsttoken.decide.study import Study
from firsttoken.decide.words.units import write_value
from firsttoken.report.chart import theme
from firsttoken.report.chart.series import BARE, join_words
from firsttoken.report.chart.short_names import shorten_middle
from firsttoken.report.instrument import write_bound
from firsttoken.report.page import Cell, Cells, Column, Page, Table, run_alone

ORDER = 25
CLOSED = (
    "In a closed loop users who wait in the queue ask nothing new, so a service seems to come back sooner than those "
    "would find who keep coming."
)
HEADS = (
    Column("Target", words=True), Column("Run"), Column("Before", "p95, s"), Column("Worst", "p95, s"),
    Column("Is back below", "s"), Column("Recovery", "s"), Column("Observed for", "s"),
)  # fmt: skip


def build(study: Study) -> Page | None:
    """The page: a panel per target, a row per run of it; None where the load had no spike, or it was not measured."""
    recoveries = [each for target in study.targets for each in study.recoveries[target]]
    if not recoveries:
        return None
    return Page(
        slug="recovery",
        title="Recovery",
        question="How soon does the service come back after a spike?",
        finding=_finding(study),
        figure=_draw(study, recoveries) if any(map(_has_waits, recoveries)) else None,
        caption="The wait for the first word that 95 of 100 do not exceed, failed attempts and back-off inside, of "
        f"those who asked within the next {max(each.window_s for each in recoveries):.3g} s. Shaded: the spike. Band: "
        "the same before it, with its 95 % interval. Dashed: 10 % above it. Dotted: when it recovered. "
        + write_bound(study),
        table=Table(HEADS, [_row(each, _name(recoveries, place)) for place, each in enumerate(recoveries)]),
        notes=(
            "Recovery: from the end of the spike until those who ask wait as before it. A line that leaves the chart "
            "is of users who got no answer.",
            "Too few requests before the spike for an interval of their p95 (59 at least) leave it unknown.",
            *([CLOSED] if study.unit.by == "users" else []),
        ),
    )


def _has_waits(recovery: Recovery) -> bool:
    """Whether anything is known of more than one instant: a line needs two."""
    return int((~np.isnan(recovery.p95_ms)).sum()) > 1


def _name(recoveries: list[Recovery], place: int) -> str:
    again = place > 0 and recoveries[place - 1].target == recoveries[place].target
    return "" if again else recoveries[place].target


def _finding(study: Study) -> str:
    words = [_describe(study, target) for target in study.targets if study.recoveries[target]]
    return join_words(words)


def _describe(study: Study, target: str) -> str:
    """The slowest of a target's recoveries."""
    result = study.result(target, "recovery_ms", level=study.levels(target)[-1])
    if any(each.base.value == math.inf for each in study.recoveries[target]):
        return f"{target}: when it came back is unknown, as too many requests got no answer even before the spike"
    if result is None or result.value is None:
        return f"{target}: when it came back is unknown, as too few requests came before the spike"
    if "CENSORED" in result.flags:
        return f"{target} did not come back within {write_value(result.value, 'ms')} of the spike"
    if result.value == 0:
        return f"{target} was back as soon as the spike ended"
    return f"{target} was back {write_value(result.value, 'ms')} after the spike"


def _row(recovery: Recovery, name: str) -> Cells:
    base, limit_ms = recovery.base, recovery.limit_ms
    interval = "" if base.lo is None or base.hi is None else f"{_seconds(base.lo)}–{_seconds(base.hi)}"
    took = "not back" if recovery.took_s is None else f"{recovery.took_s:.1f}"
    if limit_ms is None or math.isinf(limit_ms):
        took = "unknown"
    return (
        name, f"{(recovery.repeat or 0) + 1}", Cell(_seconds(base.value), interval or f"n = {base.n:,}"),
        _seconds(_find_worst(recovery)), _seconds(limit_ms), took, f"{recovery.looked_s:.0f}",
    )  # fmt: skip


def _find_worst(recovery: Recovery) -> float | None:
    """The highest p95 from the spike's beginning on."""
    after = recovery.p95_ms[recovery.at_s >= recovery.spike.begins_s]
    return None if np.isnan(after).all() else float(np.nanmax(after))


def _seconds(ms: float | None) -> str:
    return "unknown" if ms is None else "never" if math.isinf(ms) else BARE["s"](ms)


def _draw(study: Study, recoveries: list[Recovery]) -> Figure:
    shown = [target for target in study.targets if study.recoveries[target]]
    figure, panels = theme.strips(4.5 + 3.5 * len(shown), [1.0] * len(shown))
    colour = theme.colours(study.targets)
    for panel, target in zip(panels, shown, strict=True):
        panel.set_title(f"{shorten_middle(target, 60)}: first word, p95, seconds")
        for recovery in study.recoveries[target]:
            _draw_waits(panel, recovery, colour[target])
        panel.set_ylim(0, 1.08 * panel.get_ylim()[1])
        panel.set_xlim(0, max(float(each.at_s[-1]) for each in recoveries))
    panels[-1].set_xlabel("seconds since the load profile began")
    return figure


def _draw_waits(panel: Axes, recovery: Recovery, colour: str) -> None:
    base, spike = recovery.base, recovery.spike
    panel.axvspan(spike.begins_s, spike.ends_s, color=theme.FAINT, alpha=0.7, linewidth=0, zorder=0)
    finite = np.where(np.isinf(recovery.p95_ms), np.nan, recovery.p95_ms)
    panel.plot(recovery.at_s, finite / 1000, color=colour, linewidth=1.1)
    limit_ms = recovery.limit_ms
    if base.lo is not None and base.hi is not None and limit_ms is not None and math.isfinite(base.hi + limit_ms):
        panel.axhspan(base.lo / 1000, base.hi / 1000, color=colour, alpha=0.16, linewidth=0)
        panel.axhline(limit_ms / 1000, color=theme.INK, linewidth=0.8, linestyle=(0, (4, 2)))
    if recovery.took_s is not None:
        panel.axvline(spike.ends_s + recovery.took_s, color=theme.INK, linewidth=0.8, linestyle="dotted")


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
