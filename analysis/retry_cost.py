"""What do errors, rate limits and retries cost: in seconds, in quota, in dollars?

Seconds: the first word as users perceived it, failed attempts and back-off inside, beside the attempt that served them.
Quota: the share of attempts that counted against a limit and gave nothing. Dollars: all attempts against those that
succeeded.
"""

from __future__ import annotations

import math

from matplotlib.figure import Figure

from firsttoken.decide.study import Study
from firsttoken.decide.words.units import write_value
from firsttoken.report.chart import theme
from firsttoken.report.chart.series import curve_of, ladder, number_cell, write_percent
from firsttoken.report.instrument import worst_ms, write_error
from firsttoken.report.page import Cells, Column, Page, Table, run_alone

ORDER = 40
COLUMNS = (
    ("Attempts", "per request", "attempts_per_request", None, "×"),
    ("Retried", "per 1,000", "retried_per_1000", None, "per 1,000"),
    ("Saved", "per 1,000", "saved_per_1000", None, "per 1,000"),
    ("Gave up", "per 1,000", "gave_up_per_1000", None, "per 1,000"),
    ("Back-off", "ms each", "backoff_ms_per_request", None, "ms"),
    ("Wasted", "attempts, %", "wasted_attempts_share", None, "%"),
    ("Wasted", "tokens, %", "wasted_tokens_share", None, "%"),
    ("Retry tax", "×", "retry_tax", None, "×"),
)
PANELS = (
    ("Seconds: first word, p95", "felt_ttft_ms", 0.95, 1000.0),
    ("Quota: attempts wasted, %", "wasted_attempts_share", None, 0.01),
    ("Dollars: retry tax, ×", "retry_tax", None, 1.0),
)
"""Title, metric, quantile, how many of the metric's units make one of the panel's."""


def build(study: Study) -> Page | None:
    """The page: one panel per currency, one row per target and level; None where no load was measured."""
    if not any(ladder(study)):
        return None
    heads = [Column("Target", words=True), Column(*study.unit.head), *(Column(*column[:2]) for column in COLUMNS)]
    rows: list[Cells] = []
    for target, level, name in ladder(study):
        cells = [number_cell(study.result(target, metric, level=level, q=q), unit) for _, _, metric, q, unit in COLUMNS]
        rows.append((name, study.unit.number(level), *cells))
    return Page(
        slug="retry_cost",
        title="Retry cost",
        question="What do errors, rate limits and retries cost: in seconds, in quota, in dollars?",
        finding=_finding(study),
        figure=None if study.unit.shape else _draw(study),
        caption="Seconds: 95 of 100 see their first word within this (solid; it ends where over 5 % failed) "
        "and as served by the attempt that succeeded (dashed). Quota: attempts that gave nothing, of all. Dollars: all "
        "attempts against successful ones. Bands: 95 % intervals. " + write_error(study),
        table=Table(heads, rows),
        notes=(
            f"Retry policy: {study.scenario.retry.policy}. Saved: requests that a retry brought to a good end.",
            "Hosted services count failed requests against their limits too. A 429 bills nothing; what a broken stream "
            "bills is an estimate from its prompt and its events, shown as a range.",
        ),
    )


def _finding(study: Study) -> str:
    shares = {
        (target, level): result
        for target, level, _ in ladder(study)
        if (result := study.result(target, "wasted_attempts_share", level=level))
    }
    wasted = {place: result.value for place, result in shares.items() if result.value}
    if not wasted:
        attempts = sum(result.n for result in shares.values())
        if not attempts:
            return "No attempt was measured to its end, so nothing is known of what retries cost"
        return f"None of {attempts:,} measured attempts failed: retries cost nothing at any load that was run"
    target, level = max(wasted, key=lambda place: wasted[place])
    quota = f"{write_percent(wasted[target, level])} of attempts were wasted"
    costs = ", ".join([quota, *_seconds_and_dollars(study, target, level)])
    return f"Retries cost most on {target} {study.unit.where(level)}: {costs}"


def _seconds_and_dollars(study: Study, target: str, level: float) -> list[str]:
    parts = []
    felt, served = (study.result(target, metric, level=level, q=0.95) for metric in ("felt_ttft_ms", "served_ttft_ms"))
    failed = study.result(target, "gave_up_per_1000", level=level)
    if felt and felt.value == math.inf:
        parts.append(f"{write_value(failed.value if failed else None, 'per 1,000')} requests failed")
    elif felt and served and felt.value and served.value and felt.value - served.value > 1:
        parts.append(f"the first word came {write_value(felt.value - served.value, 'ms')} later at p95")
    tax = study.result(target, "retry_tax", level=level)
    if tax and tax.value is not None:
        extra = f"{100 * (tax.value - 1):.1f} %"
        parts.append("no extra dollars" if extra == "0.0 %" else f"the bill grew by {extra}")
    return parts


def _draw(study: Study) -> Figure:
    figure, panels = theme.canvas(7.5, columns=3)
    colour, marker = theme.colours(study.targets), theme.markers(study.targets)
    for panel, (title, metric, q, per) in zip(panels, PANELS, strict=True):
        ends: list[theme.End] = []
        panel.set_title(title)
        for target in study.targets:
            points = curve_of(study, target, metric, q, per)
            theme.curve(panel, points, colour[target], marker[target])
            if metric == "felt_ttft_ms":
                served = curve_of(study, target, "served_ttft_ms", q, per)
                theme.curve(panel, served, colour[target], dashed=True)
                points = served if theme.end_of(served, target, "") else points
            ends += theme.end_of(points, target, colour[target])
        if not ends:
            theme.empty(panel, "unknown")
            continue
        theme.load_axis(panel, [level for _, level, _ in ladder(study)], study.unit.axis)
        low, high = (1.0, 1.1) if metric == "retry_tax" else (0.0, 1.0)
        panel.set_ylim(low - 0.02 * (high - low), max(high, panel.get_ylim()[1]))
        theme.label_ends(panel, ends, size=7)
        if metric == "felt_ttft_ms":
            theme.error_bar(panel, (worst_ms(study) or 0) / per)
    return figure


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
