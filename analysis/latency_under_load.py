"""How long do users wait as the load rises?

Time to first token and time per output token against the load: the 95th percentile with its interval, the median
beside it, and the SLO where the scenario makes one.
"""

from firsttoken.analysis import (
    BATCHES,
    MOST_NAMED,
    MetricColumn,
    MetricPanel,
    Page,
    Study,
    curve_of,
    explain_failures,
    join_loads,
    join_words,
    ladder,
    metric_figure,
    metric_table,
    name_ends,
    run_alone,
    write_error,
    write_value,
)

ORDER = 20
PANELS = (
    MetricPanel("Time to first token, seconds", "ttft_ms", 0.95, "s", dashed=("ttft_ms", 0.5)),
    MetricPanel("Time per output token, milliseconds", "tpot_ms", 0.95, dashed=("tpot_ms", 0.5)),
)
COLUMNS = (
    MetricColumn("First token", "median, s", "ttft_ms", 0.5, "s"),
    MetricColumn("First token", "p95, s", "ttft_ms", 0.95, "s"),
    MetricColumn("First token", "p99, s", "ttft_ms", 0.99, "s"),
    MetricColumn("Per token", "median, ms", "tpot_ms", 0.5),
    MetricColumn("Per token", "p95, ms", "tpot_ms", 0.95),
    MetricColumn("Whole answer", "p95, s", "e2e_ms", 0.95, "s"),
    MetricColumn("n", "", "ttft_ms", 0.5, "n"),
)


def build(study: Study) -> Page | None:
    """The page: two panels, every target in both; None where no load was measured."""
    if not any(ladder(study)):
        return None
    result = metric_figure(study, PANELS, 8.5)
    return Page(
        slug="latency_under_load",
        title="Latency under load",
        question="How long do users wait as the load rises?",
        finding=_describe_profile(study) if study.unit.shape else _describe_growth(study, drawn=bool(result)),
        figure=result,
        caption="Solid: p95, with its 95 % interval. Dashed: median. Successful attempts of requests intended in the "
        "measure window; failed ones count in the SLO. " + write_error(study),
        table=metric_table(study, COLUMNS),
        notes=(
            "n/a: too few requests for an interval with two ends: 6 for a median, 59 for p95, 299 for p99.",
            *_name_short_windows(study),
        ),
    )


def _name_short_windows(study: Study) -> list[str]:
    """The levels whose windows hold too few batches to say what neighbours in time are worth."""
    short = {
        target: [each for each in study.levels(target) if study.is_short(target, each)] for target in study.targets
    }
    named = [f"{target} at {join_loads(study, levels)}" for target, levels in short.items() if levels]
    if not named:
        return []
    return [
        f"Intervals may be too narrow: {'; '.join(named)}. A window there holds fewer than {BATCHES} batches "
        "longer than a request, so requests are treated as independent."
    ]


def _describe_growth(study: Study, *, drawn: bool) -> str:
    """How the median wait grows from the lowest to the highest load that shows one."""
    growth = []
    for target in study.targets:
        shown = [point for point in curve_of(study, target, "ttft_ms", 0.5) if point.y]
        if len(shown) > 1 and shown[0].y and shown[-1].y:
            growth.append((shown[-1].y / shown[0].y, target, shown[0], shown[-1]))
    if not growth:
        why = "" if drawn else explain_failures(study)
        return f"Too few requests succeeded, or too few loads were run, to show how the wait grows{why}"
    ratio, _, low, high = max(growth)
    loads = f"From {study.unit.number(low.x)} to {study.unit.write(high.x)}"
    if ratio < 1.1:
        return f"{loads} the wait for the first token does not grow"
    if len(growth) > MOST_NAMED:
        growth.sort(key=lambda grown: -grown[0])
    waits = [f"{write_value(a.y, 'ms')} to {write_value(b.y, 'ms')} on {target}" for _, target, a, b in growth]
    return f"{loads} the median wait for the first token grows from {name_ends(waits)}"


def _describe_profile(study: Study) -> str:
    """How long the median wait is over a load that changes."""
    found = [(study.result(target, "ttft_ms", level=level, q=0.5), target, level) for target, level, _ in ladder(study)]
    shown = [each for each in found if each[0] and each[0].value is not None and "UNDERSAMPLED" not in each[0].flags]
    if not shown:
        return f"Too few requests succeeded to show the wait{explain_failures(study)}"
    waits = [f"{write_value(result.value, 'ms')} on {target}" for result, target, _ in shown if result]
    return f"{study.unit.place(shown[0][2])} the median wait for the first token is {join_words(waits)}"


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
