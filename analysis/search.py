"""How much load meets the SLO, and how was it found?

Only of a search: every load that was tried, in order, with what it showed; the highest that passed, the lowest that
failed, and what an open loop said of it where a closed one was searched.
"""

from collections.abc import Iterator, Mapping, Sequence

from matplotlib.figure import Figure

from firsttoken.analysis import (
    FAINT,
    VERDICT_COLOURS,
    Cell,
    Cells,
    Column,
    Page,
    Study,
    Table,
    Try,
    canvas,
    few_ticks,
    join_words,
    level_axis,
    list_tries,
    number_cell,
    run_alone,
    shorten_names,
)

ORDER = 15
MARKERS = {"PASS": "o", "FAIL": "X", "UNKNOWN": "D"}


def build(study: Study) -> Page | None:
    """The page: a step per load that was tried; None where the load was no search, or nothing was measured."""
    tried = {target: tries for target in study.targets if (tries := list_tries(study, target))}
    if study.scenario.load.search is None or not tried:
        return None
    heads = [
        Column("Target", words=True), Column("Try"), Column(*study.unit.head), Column("Measured", "s"),
        Column("Requests"), Column("Met the SLO", "%"), Column("Verdict", words=True),
    ]  # fmt: skip
    return Page(
        slug="search",
        title="Search",
        question="How much load meets the SLO, and how was it found?",
        finding=join_words([_describe(study, target, len(tries)) for target, tries in tried.items()]),
        figure=_draw(study, tried),
        caption="Every tried load, in order: a disc met the SLO, a cross missed it, a diamond is "
        "undecided. Shaded: between the highest load that passed and the lowest that failed.",
        table=Table(heads, [row for target, tries in tried.items() for row in _rows(study, target, tries)]),
        notes=(
            "A try ends as soon as it is decided. Its interval stays valid under repeated checks, so it is wider "
            "than one of a fixed length.",
            "A load that was tried twice is judged on both tries together.",
            *(f"{target}: {confirmation.words}" for target, confirmation in study.confirmations.items()),
        ),
    )


def _rows(study: Study, target: str, tries: Sequence[Try]) -> Iterator[Cells]:
    for number, (stage, share, verdict) in enumerate(tries, 1):
        begins, ends = stage.window or (0, 0)
        yield (
            target if number == 1 else "", f"{number}", study.unit.number(stage.level), f"{(ends - begins) / 1e9:.1f}",
            f"{share.n:,}" if share else "0", number_cell(share), Cell(verdict, "", VERDICT_COLOURS[verdict]),
        )  # fmt: skip
    confirmation = study.confirmations.get(target)
    if confirmation:
        yield (
            "", "open loop", study.unit_of("rate").write(confirmation.rate), "", f"{confirmation.share.n:,}",
            number_cell(confirmation.share), Cell(confirmation.verdict, "", VERDICT_COLOURS[confirmation.verdict]),
        )  # fmt: skip


def _describe(study: Study, target: str, tried: int) -> str:
    bracket, write = study.target_verdicts[target].bracket, study.unit.write
    times = "1 try" if tried == 1 else f"{tried} tries"
    if bracket is None:
        return f"{target} was not measured"
    failed = bracket.first_fail
    if bracket.last_pass is None:
        lowest = "shows no load that meets it" if failed is None else f"misses the SLO at {write(failed)} already"
        return f"{target} {lowest} ({times})"
    end = f"its limit was not reached up to {write(bracket.top)}" if failed is None else f"misses it at {write(failed)}"
    return f"{target} meets the SLO up to {write(bracket.last_pass)} and {end} ({times})"


def _draw(study: Study, tried: Mapping[str, Sequence[Try]]) -> Figure:
    figure, panels = canvas(8.0, columns=len(tried))
    names = shorten_names(tried, most=max(8, 56 // len(tried)))
    for panel, (target, tries) in zip(panels, tried.items(), strict=True):
        levels = [each.stage.level for each in tries]
        panel.set_title(names[target])
        panel.plot(range(1, len(levels) + 1), levels, color=FAINT, linewidth=1.0, zorder=1)
        for number, (stage, _, verdict) in enumerate(tries, 1):
            panel.plot(number, stage.level, MARKERS[verdict], color=VERDICT_COLOURS[verdict], markersize=6)
        bracket = study.target_verdicts[target].bracket
        if bracket and bracket.last_pass is not None and bracket.first_fail is not None:
            panel.axhspan(bracket.last_pass, bracket.first_fail, color=FAINT, alpha=0.6, linewidth=0, zorder=0)
        level_axis(panel, levels, study.unit.axis)
        panel.set_xlim(0.5, len(levels) + 0.5)
        panel.xaxis.set_major_locator(few_ticks(8 if len(tried) < 3 else 4))
        panel.set_xlabel("try")
    return figure


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
