"""Page one: the answer for the person who decides, in plain words and at most 250 of them.

Rule: every sentence here is the study's own. Where there are too many, the least decisive ones move to the page on
validity ("continued from page one"); nothing is reworded.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from firsttoken.decide.flags.validity import RULES
from firsttoken.decide.study import Study
from firsttoken.decide.words.decision import Decision
from firsttoken.decide.words.failure_words import shorten
from firsttoken.decide.words.slo_table import SloRow
from firsttoken.decide.words.units import UNKNOWN
from firsttoken.report.chart.theme import VERDICT_COLOURS
from firsttoken.report.evidence import list_run_remarks, write_evidence
from firsttoken.report.page import Cell, Cells, Column, Table, cell
from firsttoken.report.sentences import join_words
from firsttoken.results.stage import Stage

MOST_WORDS = 250
HEADINGS = {"flips": "What would change it", "not_tested": "Not tested"}
"""List of page one -> the heading that it stands under, there and where it is continued."""
MOST_COLUMNS, MOST_LETTERS = 3, 72
"""Targets side by side in the table, and letters of all their names together."""
FEWEST_NEEDS = 3
"""Columns that the table always keeps: the target, the SLO and up to which load."""
MOST_OF_REASON = 200
"""Letters of why a run failed."""
FURNITURE = 16
"""Words that the document itself adds: foot and labels."""
STATES = {
    "complete": "",
    "interrupted": "the run was interrupted",
    "failed": "the run failed",
    "running": "the run did not finish",
}
"""State of the manifest -> what page one must say of it."""


class FirstPage(NamedTuple):
    """The blocks of page one, and the lines that did not fit."""

    label: str
    title: str
    warning: str
    decisions: list[tuple[str, str, str]]
    """Verdict, target, why."""
    scope: list[str]
    slo: Table
    chart_title: str
    flips: list[str]
    not_tested: list[str]
    evidence: str
    left_out: list[str]
    remarks: Sequence[str] = ()
    """What must be known of the answers beside the decisions."""


def first_page(study: Study) -> FirstPage:
    """Lay page one out, longest lists cut to what fits."""
    decisions = list(study.decisions.values())
    page = FirstPage(
        label=_label(study),
        title=study.run.manifest.name,
        warning=_warning(study),
        decisions=_group_decisions(decisions),
        scope=_group_scopes(decisions, {target.name: target.model for target in study.scenario.target}),
        slo=_slo_table(decisions),
        chart_title="Requests that met the SLO",
        flips=merge_lines([(each.target, each.flips) for each in decisions]),
        not_tested=merge_lines([(each.target, each.not_tested) for each in decisions]),
        evidence=write_evidence(study),
        left_out=[],
        remarks=[*merge_lines([(each.target, each.remarks) for each in decisions]), *list_run_remarks(study)],
    )
    return fit(page)


def fit(page: FirstPage) -> FirstPage:
    """The page cut to 250 words: first its lists, down to one line each, then the second sentences of its reasons.

    At last its remarks, down to the first of them.
    """
    while count_page(page) > MOST_WORDS and max(len(page.flips), len(page.not_tested)) > 1:
        longer = "not_tested" if len(page.not_tested) >= len(page.flips) else "flips"
        *lines, last = getattr(page, longer)
        page = page._replace(**{longer: lines, "left_out": [f"{HEADINGS[longer]}: {last}", *page.left_out]})
    for place in reversed(range(len(page.decisions))):
        verdict, target, why = page.decisions[place]
        first, stop, rest = why.partition(". ")
        if count_page(page) > MOST_WORDS and rest:
            decisions = [*page.decisions[:place], (verdict, target, first + stop.strip()), *page.decisions[place + 1 :]]
            page = page._replace(decisions=decisions, left_out=[f"{target}: {rest}", *page.left_out])
    while count_page(page) > MOST_WORDS and len(page.remarks) > 1:
        *remarks, last = page.remarks
        page = page._replace(remarks=remarks, left_out=[last, *page.left_out])
    return _fit_many_targets(page)


def _fit_many_targets(page: FirstPage) -> FirstPage:
    """Of a page with more targets than have room: needs at the table's right give way, then the reasons."""
    while count_page(page) > MOST_WORDS and _has_target_rows(page.slo) and len(page.slo.columns) > FEWEST_NEEDS:
        *columns, last = page.slo.columns
        column = "; ".join(f"{_text(row[0])}: {' '.join(filter(None, cell(row[-1])[:2]))}" for row in page.slo.rows)
        table = Table(columns, [row[:-1] for row in page.slo.rows])
        page = page._replace(slo=table, left_out=[f"{last.title}: {column}", *page.left_out])
    if count_page(page) > MOST_WORDS and len(page.decisions) > 1:
        groups: dict[str, list[str]] = {}
        for verdict, target, _ in page.decisions:
            groups.setdefault(verdict, []).append(target)
        reasons = [f"{target}: {why}" for _, target, why in page.decisions]
        decisions = [(verdict, join_words(targets), "") for verdict, targets in groups.items()]
        page = page._replace(decisions=decisions, left_out=[*reasons, *page.left_out])
    return page


def _has_target_rows(table: Table) -> bool:
    return table.columns[0].title == "Target"


def _text(value: Cell | str) -> str:
    return cell(value).text


def count_page(page: FirstPage) -> int:
    """The words of page one outside its chart."""
    return FURNITURE + count_words(texts_of(page._replace(left_out=[])))


def texts_of(block: object) -> Iterator[str]:
    """Every text that a block of page one shows, in the order of reading."""
    match block:
        case str():
            yield block
        case Cell(text, detail, _):
            yield from (text, detail)
        case Table():
            yield from (column.title for column in block.columns)
            yield from texts_of(list(block.rows))
        case list() | tuple():
            for part in block:
                yield from texts_of(part)


def count_words(texts: Iterable[str]) -> int:
    """How many runs of non-space hold a letter or a digit."""
    return sum(1 for text in texts for word in text.split() if re.search(r"\w", word))


def merge_lines(lines_of: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """Lines of several targets, most decisive first; what all say is said once, the rest under its target's name."""
    merged: list[str] = []
    for rank in zip_longest(*(lines for _, lines in lines_of)):
        for (target, _), line in zip(lines_of, rank, strict=True):
            if line is None:
                continue
            common = all(line in lines for _, lines in lines_of)
            text = line if common else f"{target}: {line}"
            if text not in merged:
                merged.append(text)
    return merged


def _group_decisions(decisions: Sequence[Decision]) -> list[tuple[str, str, str]]:
    """Verdict, targets and why, targets of the same verdict for the same reason together."""
    groups: dict[tuple[str, str], list[str]] = {}
    for decision in decisions:
        why = " ".join(filter(None, [decision.why, decision.confirmation]))
        groups.setdefault((decision.verdict, why), []).append(decision.target)
    return [(verdict, join_words(targets), why) for (verdict, why), targets in groups.items()]


def _group_scopes(decisions: Sequence[Decision], models: Mapping[str, str]) -> list[str]:
    """Scopes that differ in nothing but the model that they begin with, as one."""
    groups: dict[str, list[str]] = {}
    for decision in decisions:
        model = models[decision.target]
        groups.setdefault(shorten_span(decision.scope.removeprefix(model)), []).append(model)
    if len(groups) == 1 and len(decisions) > 1:
        return [f"{'Both' if len(decisions) == 2 else 'All'}{rest}" for rest in groups]
    return [join_words(list(dict.fromkeys(models))) + rest for rest, models in groups.items()]


def shorten_span(text: str) -> str:
    """ "1 to 64 users" as "1–64 users"."""
    return re.sub(r"(\d) to (\d)", r"\1–\2", text)


def _label(study: Study) -> str:
    simulated = [target.name for target in study.scenario.target if not target.base_url]
    if not simulated:
        return "Launch report"
    if len(simulated) == len(study.targets):
        return "Launch report · illustration"
    return f"Launch report · illustration in part ({join_words(simulated)})"


def _warning(study: Study) -> str:
    state = STATES[study.run.manifest.state]
    budget = (study.run.manifest.budget or "").rstrip(".")
    broken = [stage for stage in study.run.studied if stage.reason]
    missing = [stage for stage in study.run.studied if stage.stage in study.run.missing]
    lost = " ".join(flag.evidence for flag in study.flags if (flag.name, flag.scope) == ("WORKER_LOST", "run"))
    during = _name_stages(study, broken[-1:], " during ")
    reason = " ".join((study.run.manifest.reason or "").split()).rstrip(".")
    why = f": {shorten(reason, MOST_OF_REASON)}" if reason and study.run.manifest.state == "failed" else ""
    parts = {
        f"BUDGET_STOPPED: {budget}. The results until then follow.": budget,
        f"WORKER_LOST: {lost}": lost,
        f"INCOMPLETE: {state}{during}{why}. The results until then follow.": state,
        **_tell_remarks(study),
        f"INCOMPLETE: rows are missing of {_name_stages(study, missing)}. These levels do not count.": missing,
    }
    return " ".join(part for part, holds in parts.items() if holds)


def _tell_remarks(study: Study) -> dict[str, str]:
    """Remarks on levels without which the answer would mislead, each once for all levels."""
    found: dict[str, str] = {}
    for flag in study.flags:
        if RULES[flag.name].shown == "warning":
            found.setdefault(flag.name, flag.evidence)
    return {f"{name}: {evidence}": evidence for name, evidence in found.items()}


def _name_stages(study: Study, stages: Sequence[Stage], before: str = "") -> str:
    """The first of some stages by target and load, and how many more there are."""
    if not stages:
        return ""
    more = f" and {len(stages) - 1} more" if len(stages) > 1 else ""
    return f"{before}{stages[0].target} at {study.unit_of(stages[0].by).write(stages[0].level)}{more}"


def _slo_table(decisions: Sequence[Decision]) -> Table:
    """A column per target and a row per need; a row per target where that many names have no room side by side."""
    longest = max((len(decision.target) for decision in decisions), default=0)
    if len(decisions) > MOST_COLUMNS or len(decisions) * longest > MOST_LETTERS:
        return _targets_as_rows(decisions)
    heads = [Column("Need", words=True)]
    for decision in decisions:
        heads += [Column(decision.target, words=True), Column("", words=True)]
    rows: list[Cells] = []
    for cells in zip(*(decision.slo for decision in decisions), strict=True):
        rows.append((Cell(cells[0].need, _asked(cells[0])), *(each for row in cells for each in _slo_cells(row))))
    return Table(heads, rows)


def _targets_as_rows(decisions: Sequence[Decision]) -> Table:
    heads = [Column("Target", words=True)]
    heads += [Column(row.need, _asked(row), words=True) for row in decisions[0].slo]
    rows: list[Cells] = []
    for decision in decisions:
        cells = []
        for row in decision.slo:
            value, verdict = _slo_cells(row)
            detail = " · ".join(filter(None, [verdict.text, value.detail]))
            cells.append(Cell(value.text, detail, verdict.colour if verdict.text in ("PASS", "FAIL") else ""))
        rows.append((decision.target, *cells))
    return Table(heads, rows)


def _asked(row: SloRow) -> str:
    return f"asked: {row.required}" if row.required else ""


def _slo_cells(row: SloRow) -> tuple[Cell, Cell]:
    sides = row.need.startswith("Bill") and row.value != UNKNOWN  # both sides of the bill have a page of their own
    interval = "" if sides else shorten_span(row.interval)
    is_remark = interval[:1].isalpha()
    value = f"{row.value};" if is_remark else row.value
    return Cell(value, interval), Cell(row.verdict or "", "", VERDICT_COLOURS.get(row.verdict or "", ""))
