"""How much load meets the SLO, and how was that found?

Only of a search: every load that was tried, in order, with what it showed; the highest that passed, the lowest that
failed, and what an open loop said of it where a closed one was searched.
"""

from __future__ import annotations

from typing import NamedTuple

from matplotlib.figure import Figure

from firsttoken.decide.judge.capacity import Bracket, Verdict, judge_level
from firsttoken.decide.metrics.value import MetricValue
from firsttoken.decide.study import Study
from firsttoken.report.chart import theme
from firsttoken.report.chart.series import join_words, number_cell
from firsttoken.report.chart.short_names import shorten_names
from firsttoken.report.chart.ticks import few_ticks
from firsttoken.report.page import Cell, Cells, Column, Page, Table, run_alone
from firsttoken.results.stage import Stage

ORDER = 15
COLOURS: dict[Verdict, str] = {"PASS": theme.GOOD, "FAIL": theme.BAD, "UNKNOWN": theme.SOFT}
MARKERS: dict[Verdict, str] = {"PASS": "o", "FAIL": "X", "UNKNOWN": "D"}


class Try(NamedTuple):
    """One load that was tried."""

    stage: Stage
    share: MetricValue | None
    verdict: Verdict


def build(study: Study) -> Page | None:
    """The page: a step per load that was tried; None where the load was no search, or nothing was measured."""
    tries = {target: list_tries(study, target) for target in study.targets}
    if study.scenario.load.search is None or not any(tries.values()):
        return None
    heads = [
        Column("Target", words=True), Column("Try"), Column(*study.unit.head), Column("Measured", "s"),
        Column("Requests"), Column("Met the SLO", "%"), Column("Verdict", words=True),
    ]  # fmt: skip
    rows = [row for target in study.targets for row in _rows(study, target, tries[target])]
    return Page(
        slug="search",
        title="Search",
        question="How much load meets the SLO, and how was that found?",
        finding=_finding(study, tries),
        figure=_draw(study, tries),
        caption="Every load that was tried, in order: a disc met the SLO, a cross missed it, a diamond is "
        "undecided. Shaded: between the highest load that passed and the lowest that failed.",
        table=Table(heads, rows),
        notes=(
            "A try ends as soon as it is decided. Its interval holds however often one looks, so it is wider than one "
            "of a length fixed beforehand.",
            "A load that was tried twice is judged on both tries together wherever a load is judged as a whole.",
            *(f"{target}: {confirmation.words}" for target, confirmation in study.confirmations.items()),
        ),
    )


def list_tries(study: Study, target: str) -> list[Try]:
    """What was tried of a target, in order, with the verdict on each try by itself."""
    stages = [stage for stage in study.run.studied if stage.target == target and not stage.confirms and stage.window]
    return [_read_try(study, stage) for stage in stages]


def _read_try(study: Study, stage: Stage) -> Try:
    share = study.result(stage.target, "attainment", level=stage.level, repeat=stage.repeat)
    if share is None:
        return Try(stage, None, "UNKNOWN")
    place = (stage.target, stage.level, stage.repeat)
    flags = [flag for flag in study.flags if (flag.target, flag.level, flag.repeat) == place]
    voided = [flag.name for flag in flags if flag.is_void]
    barred = [flag.name for flag in flags if flag.bars_pass]
    return Try(stage, share, judge_level(share, study.scenario.slo.share, voided, barred).verdict)


def _rows(study: Study, target: str, tries: list[Try]) -> list[Cells]:
    rows: list[Cells] = []
    for number, (stage, share, verdict) in enumerate(tries, 1):
        begins, ends = stage.window or (0, 0)
        rows.append((
            target if number == 1 else "", f"{number}", study.unit.number(stage.level), f"{(ends - begins) / 1e9:.1f}",
            f"{share.n:,}" if share else "0", number_cell(share, "%"), Cell(verdict, "", COLOURS[verdict]),
        ))  # fmt: skip
    confirmation = study.confirmations.get(target)
    if confirmation:
        rows.append((
            "", "open loop", study.unit_of("rate").write(confirmation.rate), "", f"{confirmation.share.n:,}",
            number_cell(confirmation.share, "%"), Cell(confirmation.verdict, "", COLOURS[confirmation.verdict]),
        ))  # fmt: skip
    return rows


def _finding(study: Study, tries: dict[str, list[Try]]) -> str:
    return join_words([_conclude(study, target, len(tries[target])) for target in study.targets if tries[target]])


def _conclude(study: Study, target: str, tried: int) -> str:
    bracket, unit = study.target_verdicts[target].bracket, study.unit
    times = "1 try" if tried == 1 else f"{tried} tries"
    if bracket is None:
        return f"{target} was not measured"
    if bracket.last_pass is None:
        failed = bracket.first_fail
        lowest = (
            f"misses the SLO at {unit.write(failed)} already" if failed is not None else "shows no load that meets it"
        )
        return f"{target} {lowest} ({times})"
    return f"{target} meets the SLO up to {unit.write(bracket.last_pass)} and {_end(study, bracket)} ({times})"


def _end(study: Study, bracket: Bracket) -> str:
    if bracket.first_fail is not None:
        return f"misses it at {study.unit.write(bracket.first_fail)}"
    return f"its limit was not reached up to {study.unit.write(bracket.top)}"


def _draw(study: Study, tries: dict[str, list[Try]]) -> Figure:
    tried = [target for target in study.targets if tries[target]]
    figure, panels = theme.canvas(8.0, columns=len(tried))
    names = shorten_names(tried, most=max(8, 56 // len(tried)))
    for panel, target in zip(panels, tried, strict=True):
        levels = [each.stage.level for each in tries[target]]
        numbers = range(1, len(levels) + 1)
        panel.set_title(names[target])
        panel.plot(numbers, levels, color=theme.FAINT, linewidth=1.0, zorder=1)
        for number, each in zip(numbers, tries[target], strict=True):
            panel.plot(number, each.stage.level, MARKERS[each.verdict], color=COLOURS[each.verdict], markersize=6)
        bracket = study.target_verdicts[target].bracket
        if bracket and bracket.last_pass is not None and bracket.first_fail is not None:
            panel.axhspan(bracket.last_pass, bracket.first_fail, color=theme.FAINT, alpha=0.6, linewidth=0, zorder=0)
        theme.level_axis(panel, levels, study.unit.axis)
        panel.set_xlim(0.5, len(levels) + 0.5)
        panel.xaxis.set_major_locator(few_ticks(8 if len(tried) < 3 else 4))
        panel.set_xlabel("try")
    return figure


if __name__ == "__main__":
    raise SystemExit(run_alone(build, __doc__))
