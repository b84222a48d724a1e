"""How does load change the throughput of the whole system and of each stream?

System tokens per second against users, beside what the same users would get if no stream slowed another, and the
pace of the median stream relative to the stream of the lowest load.
"""

from collections.abc import Iterator

from matplotlib.axes import Axes

from firsttoken.analysis import (
    MOST_NAMED,
    MetricColumn,
    MetricPanel,
    Page,
    Study,
    colours,
    curve_of,
    explain_failures,
    join_words,
    ladder,
    metric_figure,
    metric_table,
    name_ends,
    round_significant,
    run_alone,
    write_percent,
    write_share,
)

ORDER = 30
COLUMNS = (
    MetricColumn("System", "tok/s", "system_tok_s"),
    MetricColumn("System", "× lowest load", "system_relative"),
    MetricColumn("Stream", "median, tok/s", "stream_tok_s", 0.5),
    MetricColumn("Stream", "slowest 5 %, tok/s", "stream_tok_s", 0.05),
    MetricColumn("Stream", "× lowest load", "stream_relative", 0.5),
    MetricColumn("Requests", "per second", "request_rps"),
    MetricColumn("n", "", "stream_tok_s", 0.5, "n"),
)


def build(study: Study) -> Page | None:
    """The page: throughput and pace; None where no load was measured, or only a load that changes."""
    if study.unit.shape or not any(ladder(study)):
        return None
    system = MetricPanel("System, output tokens per second", "system_tok_s", also=_draw_unslowed)
    stream = MetricPanel("One stream, % of its pace at the lowest load", "stream_relative", 0.5, "%", least=(0, 112))
    figure = metric_figure(study, (system, stream), 8.5)
    return Page(
        slug="degradation",
        title="Degradation",
        question="How does load change the throughput of the whole system and of each stream?",
        finding=_finding(study)
        or "Too few loads have streams to show how the pace degrades" + ("" if figure else explain_failures(study)),
        figure=figure,
        caption="Left: output tokens per second in the measure window, with 95 % intervals; dotted: if no stream "
        "slowed another. Right: the pace of the median stream against that of the lowest load.",
        table=metric_table(study, COLUMNS),
        notes=(
            "Slowest 5 %: 95 of 100 streams are at least as fast.",
            "Below the dotted line users wait, during the stream or before it.",
            *_list_estimates(study),
        ),
    )


def _finding(study: Study) -> str:
    """What a stream keeps of its pace at the highest load, and the most that all reach; empty with too few loads."""
    kept: list[tuple[float, float, str, float]] = []
    for target in study.targets:
        shown = [point for point in curve_of(study, target, "stream_relative", 0.5) if point.y]
        peak = max((point.y or 0.0 for point in curve_of(study, target, "system_tok_s")), default=0.0)
        if len(shown) > 1:
            kept.append((shown[-1].y or 0.0, shown[-1].x, target, peak))
    if not kept:
        return ""
    loads, peaks = {load for _, load, _, _ in kept}, [peak for *_, peak in kept]
    reached = join_words(list(map(round_significant, peaks)))
    if len(kept) > MOST_NAMED:
        kept.sort()
        reached = f"{round_significant(min(peaks))} to {round_significant(max(peaks))}"
    shares = [
        f"{write_percent(share)}{'' if place else ' of its pace'} on {target}"
        for place, (share, _, target, _) in enumerate(kept)
    ]
    load = study.unit.write(loads.pop()) if len(loads) == 1 else "its highest load"
    return f"At {load} a stream keeps {name_ends(shares)}; all streams together reach {reached} tok/s"


def _list_estimates(study: Study) -> Iterator[str]:
    """The largest share of the system's tokens that was estimated."""
    for target in study.targets:
        metric, levels = "estimated_tokens_share", study.levels(target)
        share, level = max(((study.value(target, metric, at) or 0.0, at) for at in levels), default=(0.0, 0.0))
        at = study.unit.write(level)
        if share == 1:
            yield f"{target} at {at}: unknown, as no stream reported its usage, and chunks are not tokens."
        elif share:
            yield (
                f"{target}: ≈ is an estimate. Streams that reported no usage are up to {write_share(share)} of the "
                f"system's tokens (at {at})."
            )


def _draw_unslowed(panel: Axes, study: Study) -> None:
    """What each target would reach if no stream slowed another, as far as the panel goes."""
    limits = panel.get_ylim()
    for target, colour in colours(study.targets).items():
        whole = curve_of(study, target, "system_tok_s")
        if whole and whole[0].y:
            xs = [point.x for point in whole]
            panel.plot(xs, [whole[0].y * x / xs[0] for x in xs], ":", color=colour, linewidth=0.9)
    panel.set_ylim(limits)


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
