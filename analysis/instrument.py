"""How right was the instrument, and which windows were thrown out?

Measured against true where the server logged its own truth, else the brackets around the arrivals; how late bytes were
read and how late the load process came to its work, over time; and what was thrown out, with the reason. A target that
is asked through the openai package has no row: what the package adds is there what is measured.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from firsttoken.decide.flags.client_limits import BOUNDS
from firsttoken.decide.flags.delivery import LATE_MS
from firsttoken.decide.judge.instrument import InstrumentAccuracy
from firsttoken.decide.study import Study
from firsttoken.report.chart import theme
from firsttoken.report.chart.series import write_percent
from firsttoken.report.instrument import find_worst, read_all, worst_ms, write_ms
from firsttoken.report.page import Cell, Cells, Column, Page, Table, run_alone

ORDER = 70
NS = 1e9
MOST_DOTS = 3000
ANSWERED = "phase IS NOT NULL AND first_token_ns IS NOT NULL"
HEADS = (
    Column("First tokens"), Column("By the kernel", "%"),
    Column("Bracket", "p99, ms"), Column("Error", "median, ms"), Column("Error", "p99, ms"), Column("Pace error", "%"),
    Column("Unread", "p99, ms"), Column("Lag", "worst, ms"), Column("Core", "%"), Column("Counts", words=True),
)  # fmt: skip


def build(study: Study) -> Page | None:
    """The page: error and lag over time, a row per target and level; None where no window was measured."""
    if not any(stage.window for stage in study.run.studied):
        return None
    accuracies = read_all(study)
    return Page(
        slug="instrument",
        title="Instrument",
        question="How right was the instrument, and which windows were thrown out?",
        finding=_finding(study, accuracies),
        figure=_draw(study),
        caption="Above: measured less true time of each first token, where the server logged the truth. Middle: how "
        "long arrived bytes lay unread (p99 of each second). Below: how late the load process came to its work (p99 "
        "line, worst dotted). Of several processes the worst. Shaded: measure windows, red where they were thrown out.",
        table=_table(study, accuracies),
        notes=tuple(_notes(study, accuracies)),
    )


def _finding(study: Study, accuracies: list[InstrumentAccuracy]) -> str:
    error_ms = worst_ms(study)
    levels = {(stage.target, stage.level, stage.by) for stage in study.run.studied if stage.window}
    out = len(levels & _find_void(study))
    kept = "no window was thrown out" if not out else f"{out} of {len(levels)} levels were thrown out"
    if error_ms is None:
        return f"No first token was measured on our own connection; {kept}"
    known = (
        "Measured and true first tokens differ by"
        if any(r.matched for r in accuracies)
        else "First tokens are known to"
    )
    return f"{known} {write_ms(error_ms)} at most in 99 of 100; {kept}"


def _find_void(study: Study) -> set[tuple[str, float | None, str]]:
    """What counts for nothing: target, level, and what that counts."""
    return {(flag.target, flag.level, flag.by) for flag in study.every_flag if flag.is_void}


def _draw(study: Study) -> Figure:
    figure, (errors, unread, lag) = theme.strips(10.0, [1.2, 0.8, 1.0])
    _shade((errors, unread, lag), study)
    _draw_errors(errors, study)
    health = study.run.health
    unread.plot(*find_worst(health, "read_delay_p99_ms"), color=theme.INK, linewidth=0.9)
    unread.set_title("Arrived bytes unread, ms")
    lag.plot(*find_worst(health, "hub_lag_p99_ms"), color=theme.INK, linewidth=0.9)
    lag.plot(*find_worst(health, "hub_lag_max_ms"), ":", color=theme.INK, linewidth=0.8)
    lag.set_title("Lag of the load process, ms")
    for panel in (unread, lag):
        panel.set_ylim(0, max(1.0, panel.get_ylim()[1]))
    lag.set_xlabel("seconds since the run began")
    return figure


def _draw_errors(panel: Axes, study: Study) -> None:
    panel.set_title("Measured less true first token, ms")
    drawn = 0
    for target, colour in theme.colours(study.targets).items():
        truth = study.run.compare_truth(f"{ANSWERED} AND target = '{target.replace(chr(39), 2 * chr(39))}'")
        step = max(1, -(-len(truth["sent_ns"]) // MOST_DOTS))
        at, error = truth["sent_ns"][::step] / NS, truth["first_token_ns"][::step] / 1e6
        panel.plot(at, error, ".", color=colour, markersize=3, markeredgewidth=0)
        drawn += len(at)
    if not drawn:
        panel.text(
            0.5, 0.5, "no server's truth to hold it against", transform=panel.transAxes, ha="center", color=theme.SOFT
        )
        return
    low, high = panel.get_ylim()
    panel.set_ylim(min(low, -0.05), max(high, 0.2))
    panel.axhline(0, color=theme.INK, linewidth=0.7)


def _shade(panels: tuple[Axes, ...], study: Study) -> None:
    colour = theme.colours(study.targets)
    void = _find_void(study)
    for stage in study.run.stages:
        if stage.window is None:
            continue
        out = (stage.target, stage.level, stage.by) in void
        for panel in panels:
            panel.axvspan(*(at / NS for at in stage.window), color=theme.BAD if out else colour[stage.target],
                          alpha=0.22 if out else 0.10, linewidth=0)  # fmt: skip


def _table(study: Study, accuracies: list[InstrumentAccuracy]) -> Table:
    """A row per target and level; what an open loop alone has stands in a column of its own."""
    heads = [Column("Target", words=True), Column(*study.unit.head), *HEADS]
    if study.unit.by == "rate":
        heads.insert(-1, Column("Late", "p99, ms"))
    return Table(heads, _rows(study, accuracies))


def _rows(study: Study, accuracies: list[InstrumentAccuracy]) -> list[Cells]:
    rows: list[Cells] = []
    for place, accuracy in enumerate(accuracies):
        again = place and accuracies[place - 1].target == accuracy.target
        rows.append((
            "" if again else accuracy.target, study.unit.number(accuracy.level), f"{accuracy.first_tokens:,}",
            _share(accuracy.kernel_share), _ms(accuracy.bracket_p99_ms), _ms(accuracy.error_p50_ms),
            _ms(accuracy.error_p99_ms), _share(accuracy.tpot_error_p50, 2), _ms(accuracy.read_delay_p99_ms),
            _ms(accuracy.hub_lag_max_ms), _share(accuracy.cpu_share),
            *([_ms(accuracy.lateness_p99_ms)] if study.unit.by == "rate" else []),
            Cell("no", colour=theme.BAD) if accuracy.thrown_out else "yes",
        ))  # fmt: skip
    return rows


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _share(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{100 * value:.{digits}f}"


def _notes(study: Study, accuracies: list[InstrumentAccuracy]) -> list[str]:
    bounds = "; ".join(f"{bound.what} {bound.most:g} {bound.unit}" for bound in BOUNDS)
    notes = [f"A window is thrown out as CLIENT_LIMITED past these bounds: {bounds}."]
    notes += [
        f"{flag.target} at {study.unit_of(flag.by).write(flag.level)}: {flag.evidence}"
        for flag in study.every_flag
        if flag.is_void and flag.level is not None
    ]
    if study.unit.by == "rate":
        notes.append(
            f"Late: begun after the schedule's instant. More than one in a hundred later than {LATE_MS:g} ms, while "
            "there were places left, is the load process's own doing and throws the window out."
        )
    if any(accuracy.kernel_share is not None and accuracy.kernel_share < 1 for accuracy in accuracies):
        least = min(r.kernel_share for r in accuracies if r.kernel_share is not None)
        notes.append(
            f"The kernel stamped as few as {write_percent(least)} of first tokens; the others carry our own time."
        )
    if accuracies and not np.any([accuracy.matched for accuracy in accuracies]):
        notes.append("Only a simulated target logs its truth; the brackets hold the truth of a real one.")
    return notes + study.placements


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
