"""How soon does the service recover after a spike?

Only of a spike: the wait for the first word, 95 of 100 users, in a window that slides over the whole profile, and when
it was back at what it was before.
"""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from firsttoken.analysis import (
    FAINT,
    INK,
    SHOWN,
    Cell,
    Cells,
    Column,
    Page,
    Recovery,
    Study,
    Table,
    colours,
    join_words,
    run_alone,
    shorten_middle,
    strips,
    write_bound,
    write_value,
)

ORDER = 25
CLOSED = "In a closed loop waiting users send nothing new, so a service seems to recover sooner than in an open one."
HEADS = (
    Column("Target", words=True), Column("Run"), Column("Before", "p95, s"), Column("Worst", "p95, s"),
    Column("Recovered below", "s"), Column("Recovery", "s"), Column("Observed for", "s"),
)  # fmt: skip


def build(study: Study) -> Page | None:
    """The page: a panel per target, a row per run of it; None where the load had no spike, or it was not measured."""
    spikes = {target: spikes for target in study.targets if (spikes := study.recoveries[target])}
    if not spikes:
        return None
    every = [each for own in spikes.values() for each in own]
    return Page(
        slug="recovery",
        title="Recovery",
        question="How soon does the service recover after a spike?",
        finding=join_words([_describe(study, target) for target in spikes]),
        figure=_draw(study, spikes) if any(np.count_nonzero(~np.isnan(each.p95_ms)) > 1 for each in every) else None,
        caption="The p95 of the wait for the first word, failed attempts and back-off included, of the requests of "
        f"the next {max(each.window_s for each in every):.3g} s. Shaded: the spike. Band: the "
        "same before it, with its 95 % interval. Dashed: 10 % above, the limit of recovery. Dotted: recovered. "
        + write_bound(study),
        table=Table(HEADS, [_row(each, place) for own in spikes.values() for place, each in enumerate(own)]),
        notes=(
            "Recovery: from the end of the spike until requests wait as before it. A line that leaves the chart is "
            "of requests without an answer.",
            "Too few requests before the spike for an interval of their p95 (59 at least) leave it unknown.",
            *([CLOSED] if study.unit.by == "users" else []),
        ),
    )


def _describe(study: Study, target: str) -> str:
    """The slowest of a target's recoveries."""
    result = study.result(target, "recovery_ms", level=study.levels(target)[-1])
    if any(each.base.value == math.inf for each in study.recoveries[target]):
        return f"{target}: recovery is unknown, as too many requests got no answer even before the spike"
    if result is None or result.value is None:
        return f"{target}: recovery is unknown, as too few requests arrived before the spike"
    if "CENSORED" in result.flags:
        return f"{target} did not recover within {write_value(result.value, 'ms')} of the spike"
    after = f"{write_value(result.value, 'ms')} after the spike" if result.value else "as soon as the spike ended"
    return f"{target} recovered {after}"


def _row(recovery: Recovery, place: int) -> Cells:
    base, limit_ms = recovery.base, recovery.limit_ms
    interval = f"n = {base.n:,}" if not base.shown else f"{_seconds(base.lo)}–{_seconds(base.hi)}"
    took = "not back" if recovery.took_s is None else f"{recovery.took_s:.1f}"
    took = "unknown" if limit_ms is None or math.isinf(limit_ms) else took
    waits = (Cell(_seconds(base.value), interval), _seconds(recovery.worst_ms), _seconds(limit_ms))
    return ("" if place else recovery.target, f"{(recovery.repeat or 0) + 1}", *waits, took, f"{recovery.looked_s:.0f}")


def _seconds(ms: float | None) -> str:
    return "unknown" if ms is None else "never" if math.isinf(ms) else SHOWN["s"].write(ms)


def _draw(study: Study, spikes: dict[str, Sequence[Recovery]]) -> Figure:
    figure, panels = strips(4.5 + 3.5 * len(spikes), [1.0] * len(spikes))
    for panel, (target, own) in zip(panels, spikes.items(), strict=True):
        panel.set_title(f"{shorten_middle(target, 60)}: first word, p95, seconds")
        for recovery in own:
            _draw_wait(panel, recovery, colours(study.targets)[target])
        panel.set_ylim(0, 1.08 * panel.get_ylim()[1])
        panel.set_xlim(0, max(float(each.at_s[-1]) for each in own))
    panels[-1].set_xlabel("seconds since the load profile began")
    return figure


def _draw_wait(panel: Axes, recovery: Recovery, colour: str) -> None:
    base, spike, limit_ms = recovery.base, recovery.spike, recovery.limit_ms
    panel.axvspan(spike.begins_s, spike.ends_s, color=FAINT, alpha=0.7, linewidth=0, zorder=0)
    panel.plot(recovery.at_s, np.where(np.isinf(recovery.p95_ms), np.nan, recovery.p95_ms) / 1000, color=colour, lw=1.1)
    if base.lo is not None and base.hi is not None and limit_ms is not None and math.isfinite(base.hi + limit_ms):
        panel.axhspan(base.lo / 1000, base.hi / 1000, color=colour, alpha=0.16, linewidth=0)
        panel.axhline(limit_ms / 1000, color=INK, linewidth=0.8, linestyle=(0, (4, 2)))
    if recovery.took_s is not None:
        panel.axvline(spike.ends_s + recovery.took_s, color=INK, linewidth=0.8, linestyle="dotted")


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
