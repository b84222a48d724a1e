"""What does a crowd do to the pace: of the whole system, and of each stream?

System tokens per second against users, beside what the same users would get if no stream slowed another, and the
pace of the median stream relative to the stream of the lowest load.
"""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure

from firsttoken.decide.study import Study
from firsttoken.decide.words.units import round_significant, write_share
from firsttoken.report.chart import theme
from firsttoken.report.chart.series import (
    MOST_NAMED,
    count_cell,
    curve_of,
    explain_failures,
    join_words,
    ladder,
    name_ends,
    number_cell,
    shows_any,
    write_percent,
)
from firsttoken.report.page import Cells, Column, Page, Table, run_alone

ORDER = 30
SHARE_OF = " of its pace"
COLUMNS = (
    ("System", "tok/s", "system_tok_s", None, "tok/s"),
    ("System", "× lowest load", "system_relative", None, "×"),
    ("Stream", "median, tok/s", "stream_tok_s", 0.5, "tok/s"),
    ("Stream", "slowest 5 %, tok/s", "stream_tok_s", 0.05, "tok/s"),
    ("Stream", "× lowest load", "stream_relative", 0.5, "×"),
    ("Requests", "per second", "request_rps", None, "per second"),
)


def build(study: Study) -> Page | None:
    """The page: system throughput, and what is left of one stream's pace.

    None where no load was measured, or only a load profile, which has no lowest load to compare with.
    """
    if study.unit.shape or not any(ladder(study)):
        return None
    heads = [
        Column("Target", words=True),
        Column(*study.unit.head),
        *(Column(*column[:2]) for column in COLUMNS),
        Column("n"),
    ]
    rows: list[Cells] = []
    for target, level, name in ladder(study):
        cells = [number_cell(study.result(target, metric, level=level, q=q), unit) for _, _, metric, q, unit in COLUMNS]
        n = count_cell(study.result(target, "stream_tok_s", level=level, q=0.5))
        rows.append((name, study.unit.number(level), *cells, n))
    return Page(
        slug="degradation",
        title="Degradation",
        question="What does a crowd do to the pace: of the whole system, and of each stream?",
        finding=_finding(study),
        figure=_draw(study),
        caption="Left: output tokens that arrived in the measure window, per second, with 95 % intervals; dotted: as "
        "if no stream slowed another. Right: the pace of the median stream against that of the lowest load.",
        table=Table(heads, rows),
        notes=(
            "Slowest 5 %: 95 of 100 streams are at least as fast.",
            "Where the system falls behind the dotted line users wait, in the stream or before it.",
            *_estimates(study),
        ),
    )


def _finding(study: Study) -> str:
    kept: list[tuple[float, str, float]] = []
    tops: list[float] = []
    for target in study.targets:
        shown = [point for point in curve_of(study, target, "stream_relative", 0.5) if point.y]
        peak = max((point.y or 0.0 for point in curve_of(study, target, "system_tok_s")), default=0.0)
        if len(shown) > 1 and shown[-1].y:
            kept.append((shown[-1].y, target, peak))
            tops.append(shown[-1].x)
    if not kept:
        why = "" if shows_any(study, "system_tok_s") else explain_failures(study)
        return f"Too few loads streamed to say how the pace degrades{why}"
    load = study.unit.write(tops[0]) if len(set(tops)) == 1 else "its highest load"
    tokens = sorted(peak for _, _, peak in kept) if len(kept) > MOST_NAMED else [peak for _, _, peak in kept]
    if len(kept) > MOST_NAMED:
        kept.sort()
    shares = [
        f"{write_percent(share)}{SHARE_OF if not place else ''} on {target}"
        for place, (share, target, _) in enumerate(kept)
    ]
    reached = list(map(round_significant, tokens))
    peaks = f"{reached[0]} to {reached[-1]}" if len(kept) > MOST_NAMED else join_words(reached)
    return f"At {load} a stream keeps {name_ends(shares)}; all streams together reach {peaks} tok/s"


def _estimates(study: Study) -> Iterator[str]:
    """The largest share of the system's tokens that was estimated."""
    for target in study.targets:
        found = [(level, study.result(target, "estimated_tokens_share", level=level)) for level in study.levels(target)]
        untold = [(result.value, level) for level, result in found if result and result.value]
        if not untold:
            continue
        share, level = max(untold)
        at = study.unit.write(level)
        if share == 1:
            yield f"{target} at {at}: unknown, for no stream reported its usage, and chunks are no tokens."
        else:
            yield (
                f"{target}: ≈ is an estimate. Streams that reported no usage are up to {write_share(share)} of the "
                f"system's tokens (at {at})."
            )


def _draw(study: Study) -> Figure | None:
    """Both panels; None where nothing streamed."""
    if not shows_any(study, "system_tok_s"):
        return None
    figure, (system, stream) = theme.canvas(8.5, columns=2)
    colour, marker = theme.colours(study.targets), theme.markers(study.targets)
    system_ends: list[theme.End] = []
    stream_ends: list[theme.End] = []
    for target in study.targets:
        whole = curve_of(study, target, "system_tok_s")
        share = curve_of(study, target, "stream_relative", 0.5, 0.01)
        theme.curve(system, whole, colour[target], marker[target])
        theme.curve(stream, share, colour[target], marker[target])
        system_ends += theme.end_of(whole, target, colour[target])
        stream_ends += theme.end_of(share, target, colour[target])
        if whole and whole[0].y:
            xs = [point.x for point in whole]
            system.plot(xs, [whole[0].y * x / xs[0] for x in xs], ":", color=colour[target], linewidth=0.9)
    system.set_title("System, output tokens per second")
    stream.set_title("One stream, % of its pace at the lowest load")
    for panel, ends in ((system, system_ends), (stream, stream_ends)):
        if not ends:
            theme.empty(panel, "nothing streamed")
            continue
        theme.load_axis(panel, [level for _, level, _ in ladder(study)], study.unit.axis)
        panel.set_ylim(0, 112 if panel is stream else 1.3 * max(end.y for end in ends))
        theme.label_ends(panel, ends)
    return figure


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
