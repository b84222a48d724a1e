"""How long do users wait as more of them come?

Time to first token and time per output token against the load: the 95th percentile with its interval, the median
beside it, and the SLO where the scenario makes one.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from firsttoken.decide.study import Study
from firsttoken.decide.words.units import write_value
from firsttoken.duration import parse_duration
from firsttoken.report.chart import theme
from firsttoken.report.chart.series import (
    MOST_NAMED,
    count_cell,
    curve_of,
    explain_failures,
    join_loads,
    join_words,
    ladder,
    name_ends,
    number_cell,
    shows_any,
)
from firsttoken.report.instrument import worst_ms, write_error
from firsttoken.report.page import Cells, Column, Page, Table, run_alone
from firsttoken.scenario.format import mean_tokens
from firsttoken.stats.batch import BATCHES, batch_count

ORDER = 20
PANELS = (
    ("ttft_ms", "Time to first token, seconds", 1000.0, "ttft"),
    ("tpot_ms", "Time per output token, milliseconds", 1.0, "tpot"),
)
"""Metric, title, how many of the metric's units make one of the panel's, the key of [slo] that limits it."""

COLUMNS = (
    ("First token", "median, s", "ttft_ms", 0.5, "s"),
    ("First token", "p95, s", "ttft_ms", 0.95, "s"),
    ("First token", "p99, s", "ttft_ms", 0.99, "s"),
    ("Per token", "median, ms", "tpot_ms", 0.5, "ms"),
    ("Per token", "p95, ms", "tpot_ms", 0.95, "ms"),
    ("Whole answer", "p95, s", "e2e_ms", 0.95, "s"),
)


def build(study: Study) -> Page | None:
    """The page: two panels, every target in both; None where no load was measured."""
    if not any(ladder(study)):
        return None
    heads = [
        Column("Target", words=True),
        Column(*study.unit.head),
        *(Column(*column[:2]) for column in COLUMNS),
        Column("n"),
    ]
    rows: list[Cells] = []
    for target, level, name in ladder(study):
        results = [(study.result(target, metric, level=level, q=q), unit) for _, _, metric, q, unit in COLUMNS]
        rows.append(
            (name, study.unit.number(level), *(number_cell(*result) for result in results), count_cell(results[0][0]))
        )
    return Page(
        slug="latency_under_load",
        title="Latency under load",
        question="How long do users wait as more of them come?",
        finding=_finding(study),
        figure=None if study.unit.shape else _draw(study),
        caption="Solid: 95 of 100 wait no longer than this (p95), with its 95 % interval. Dashed: median. Successful "
        "attempts of requests intended in the measure window; what failed is counted in the SLO. " + write_error(study),
        table=Table(heads, rows),
        notes=(
            "n/a: too few requests for an interval with two ends: 6 for a median, 59 for p95, 299 for p99.",
            *_name_short_windows(study),
        ),
    )


def _name_short_windows(study: Study) -> list[str]:
    """The levels whose windows hold too few batches to say what neighbours in time are worth."""
    short = []
    for target in study.targets:
        levels = [level for level in study.levels(target) if _is_short(study, target, level)]
        if levels:
            short.append(f"{target} at {join_loads(study, levels)}")
    if not short:
        return []
    return [
        f"Intervals may be too narrow: {'; '.join(short)}. A window there holds fewer than {BATCHES} batches "
        "longer than a request, so requests are taken as independent."
    ]


def _is_short(study: Study, target: str, level: float) -> bool:
    windows = [stage.window for stage in study.stages(target, level) if stage.window]
    whole = study.result(target, "e2e_ms", level=level, q=0.95)
    if whole is None or whole.value is None:
        return False
    return any(batch_count(window, 1e6 * whole.value) < BATCHES for window in windows)


def _finding(study: Study) -> str:
    """How the median wait grows from the lowest to the highest load that shows one; or its length in a load profile."""
    if study.unit.shape:
        return _describe_load_profile(study)
    growth = []
    for target in study.targets:
        shown = [point for point in curve_of(study, target, "ttft_ms", 0.5) if point.y]
        if len(shown) > 1 and shown[0].y and shown[-1].y:
            growth.append((shown[-1].y / shown[0].y, target, shown[0], shown[-1]))
    if not growth:
        why = "" if shows_any(study, "ttft_ms", 0.5) else explain_failures(study)
        return f"Too little succeeded, or too few loads were run, to say how the wait grows{why}"
    ratio, _, low, high = max(growth)
    loads = f"From {study.unit.number(low.x)} to {study.unit.write(high.x)}"
    if ratio < 1.1:
        return f"{loads} the wait for the first token does not grow"
    if len(growth) > MOST_NAMED:
        growth.sort(key=lambda grown: -grown[0])
    waits = [f"{write_value(a.y, 'ms')} to {write_value(b.y, 'ms')} on {target}" for _, target, a, b in growth]
    return f"{loads} the median wait for the first token grows from {name_ends(waits)}"


def _describe_load_profile(study: Study) -> str:
    waits, places = [], []
    for target, level, _ in ladder(study):
        median = study.result(target, "ttft_ms", level=level, q=0.5)
        if median and median.value is not None and "UNDERSAMPLED" not in median.flags:
            waits.append(f"{write_value(median.value, 'ms')} on {target}")
            places.append(study.unit.place(level))
    if not waits:
        return f"Too little succeeded to say how long the wait is{explain_failures(study)}"
    return f"{places[0]} the median wait for the first token is {join_words(waits)}"


def _draw(study: Study) -> Figure | None:
    """Both panels; None where no first token was measured."""
    if not shows_any(study, "ttft_ms", 0.5):
        return None
    figure, panels = theme.canvas(8.5, columns=2)
    error_ms = worst_ms(study)
    for panel, (metric, title, per, key) in zip(panels, PANELS, strict=True):
        panel.set_title(title)
        _draw_panel(panel, study, metric, per, getattr(study.scenario.slo, key))
        if error_ms is not None and panel.axison:
            theme.error_bar(panel, error_ms / per if metric == "ttft_ms" else error_ms / _token_gaps(study) / per)
    return figure


def _token_gaps(study: Study) -> float:
    """Gaps between tokens of a mean answer: what an error of its first token is spread over in its time per token."""
    return max(1.0, mean_tokens(study.scenario.traffic.output_tokens) - 1)


def _draw_panel(panel: Axes, study: Study, metric: str, per: float, limit: str) -> None:
    colour, marker = theme.colours(study.targets), theme.markers(study.targets)
    ends: list[theme.End] = []
    for target in study.targets:
        slow, median = (curve_of(study, target, metric, q, per) for q in (0.95, 0.5))
        theme.curve(panel, median, colour[target], dashed=True)
        theme.curve(panel, slow, colour[target], marker[target])
        ends += theme.end_of(slow, target, colour[target]) or theme.end_of(median, target, colour[target])
    if not ends:
        theme.empty(panel, "nothing succeeded")
        return
    theme.load_axis(panel, [level for _, level, _ in ladder(study)], study.unit.axis)
    panel.set_ylim(0, 1.08 * panel.get_ylim()[1])
    if limit:
        limit_ms = 1000 * parse_duration(limit)
        theme.rule(panel, f"SLO: {write_value(limit_ms, 'ms')}", limit_ms / per)
    theme.label_ends(panel, ends)


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
