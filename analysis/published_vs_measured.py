"""Are the models, alone and unhurried, as fast as published?

Holds the median time to first token and the median pace of a stream at one user against what the target's price
source publishes (where it says nothing, the first source that does). A figure agrees when its 95 % interval holds the
published one, or when it lies within 3 % of it.
"""

from __future__ import annotations

from matplotlib.figure import Figure

from firsttoken.decide.study import Study
from firsttoken.report.chart import theme
from firsttoken.report.chart.series import (
    BARE,
    count_cell,
    explain_failures,
    join_words,
    number_cell,
    write_percent,
    write_source,
)
from firsttoken.report.chart.short_names import shorten_names
from firsttoken.report.chart.ticks import few_ticks
from firsttoken.report.instrument import write_bound
from firsttoken.report.page import Cell, Cells, Column, Page, Table, run_alone
from firsttoken.report.published import AGREE, Comparison, compare_published, is_alone

ORDER = 10
COLOURS = {
    "agrees": theme.GOOD,
    "slower": theme.BAD,
    "faster": theme.INK,
    "not measured": theme.SOFT,
    "assumed": theme.SOFT,
}


def build(study: Study) -> Page | None:
    """The page: a dot with its interval for every published figure, zero being "as published"; None without any."""
    compared = list(compare_published(study))
    if not compared:
        return None
    load = join_words([study.unit.write(level) for level in sorted({study.levels(c.target)[0] for c in compared})])
    return Page(
        slug="published_vs_measured",
        title="Published against measured",
        question="Are the models, alone and unhurried, as fast as published?",
        finding=_finding(study, compared),
        figure=_draw(study, compared),
        caption=f"Dot: median at {load}. Bar: 95 % interval. Grey: within {write_percent(AGREE)} of what is published. "
        + write_bound(study),
        table=_table(compared),
        notes=tuple(_notes(study, compared)),
    )


def _finding(study: Study, compared: list[Comparison]) -> str:
    published = [c for c in compared if c.source is not None]
    if not published:
        names = list(dict.fromkeys(each.target for each in compared))
        return (
            f"No source states how fast {join_words(names)} {'is' if len(names) == 1 else 'are'}: the speed is assumed"
        )
    known = [(abs(c.difference[0]), c.difference[0], c) for c in published if c.difference]
    if not known:
        return f"Too little was measured at one user to compare with what is published{explain_failures(study)}"
    apart = [item for item in known if item[2].verdict != "agrees"]
    if not apart:
        names = list(dict.fromkeys(each.target for _, _, each in known))
        return f"Alone, {join_words(names)} {'runs' if len(names) == 1 else 'run'} as fast as published"
    distance, shift, worst = max(apart, key=lambda item: item[0])
    side = "above" if shift > 0 else "below"
    agree = f"{len(known) - len(apart)} of {len(known)} figures agree"
    return f"{worst.target}: {worst.name} is {write_percent(distance)} {side} the published figure; {agree}"


def _notes(study: Study, compared: list[Comparison]) -> list[str]:
    notes = ["Published figures seldom name the prompt length and the load that they were taken at."]
    simulated = [target.name for target in study.scenario.target if not target.base_url]
    if simulated:
        notes.append(
            f"{join_words(simulated)}: simulated from these very figures. That they agree shows that the instrument "
            "reads what it was served, not that a vendor keeps its word."
        )
    if assumed := list(dict.fromkeys(c.target for c in compared if c.source is None)):
        notes.append(f"{join_words(assumed)}: no source states the speed; it was simulated at an assumed one.")
    crowded = [target for target in study.targets if study.levels(target) and not is_alone(study, target)]
    if crowded:
        notes.append(f"{join_words(crowded)}: not measured at one user alone, so not compared.")
    known = {*(c.target for c in compared), *crowded}
    silent = [target for target in study.targets if target not in known]
    return [*notes, f"Of {join_words(silent)} nothing published is known."] if silent else notes


def _draw(study: Study, compared: list[Comparison]) -> Figure:
    figure, [panel] = theme.canvas(2.0 + (0.7 if len(compared) <= 8 else 0.45) * len(compared))
    colour, reach = theme.colours(study.targets), 0.10
    panel.axvspan(-AGREE, AGREE, color=theme.FAINT, alpha=0.6, linewidth=0)
    panel.axvline(0, color=theme.INK, linewidth=0.8)
    panel.grid(visible=False)
    for row, comparison in enumerate(compared):
        if comparison.difference is None:
            continue
        value, lo, hi = comparison.difference
        reach = max(reach, 1.1 * abs(lo), 1.1 * abs(hi))
        panel.hlines(row, lo, hi, color=colour[comparison.target], linewidth=2.0)
        panel.plot(value, row, "o", color=colour[comparison.target], markersize=6)
    panel.set_xlim(-reach, reach)
    panel.set_ylim(len(compared) - 0.4, -0.6)
    names = shorten_names(study.targets)
    panel.set_yticks(range(len(compared)), [f"{names[c.target]}, {c.name}" for c in compared])
    panel.xaxis.set_major_locator(few_ticks(5))
    panel.xaxis.set_major_formatter(lambda share, _: f"{100 * share:+.0f} %" if round(share, 3) else "as published")
    panel.set_xlabel("measured against published")
    return figure


def _table(compared: list[Comparison]) -> Table:
    heads = [
        Column("Target", words=True), Column("Figure", words=True), Column("Published"), Column("Measured"),
        Column("Difference", "%"), Column("n"), Column("Verdict", words=True), Column("Source", words=True, wide=True),
    ]  # fmt: skip
    rows: list[Cells] = []
    for place, c in enumerate(compared):
        again = place > 0 and compared[place - 1].target == c.target
        unit = "s" if c.metric == "ttft_ms" else "tok/s"
        difference = f"{100 * c.difference[0]:+.1f}" if c.difference else "unknown"
        source = Cell("", "assumed: no source states it" if c.source is None else write_source(c.source))
        verdict, published = Cell(c.verdict, "", COLOURS[c.verdict]), BARE[unit](c.published)
        results = (published, number_cell(c.measured, unit), difference, count_cell(c.measured))
        rows.append(("" if again else c.target, f"{c.name}, {unit}", *results, verdict, source))
    return Table(heads, rows)


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
