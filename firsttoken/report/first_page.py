"""Page one: the answer for whoever decides, in plain words and at most 250 of them.

Rule: every sentence here is the study's own. Where there are too many, the least decisive ones move to the page on
validity ("continued from page one"); nothing is reworded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from firsttoken.decide.decision import Decision
from firsttoken.decide.promise_table import PromiseRow
from firsttoken.decide.study import Study
from firsttoken.decide.units import UNKNOWN, write_value
from firsttoken.report.page import Cell, Column, Table
from firsttoken.report.series import join_words
from firsttoken.report.theme import BAD, GOOD, SOFT

MOST_WORDS = 250
FURNITURE = 16
"""Words that the document itself adds: foot and labels."""
VERDICT_COLOURS = {"PASS": GOOD, "FAIL": BAD, "UNKNOWN": SOFT, None: ""}
STATES = {
    "complete": "",
    "interrupted": "the run was interrupted",
    "failed": "the run failed",
    "running": "the run never came to its end",
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
    promise: Table
    chart_title: str
    flips: list[str]
    not_tested: list[str]
    evidence: str
    left_out: list[str]


def first_page(study: Study) -> FirstPage:
    """Lay page one out, longest lists cut to what fits."""
    decisions = list(study.decisions.values())
    page = FirstPage(
        label=_label(study),
        title=study.run.manifest.name,
        warning=_warning(study),
        decisions=_group_decisions(decisions),
        scope=_group_scopes(decisions, {target.name: target.model for target in study.scenario.target}),
        promise=_promise_table(decisions),
        chart_title="Requests that kept the promise",
        flips=merge_lines([(each.target, each.flips) for each in decisions]),
        not_tested=merge_lines([(each.target, each.not_tested) for each in decisions]),
        evidence=_evidence(study),
        left_out=[],
    )
    return fit(page)


def fit(page: FirstPage) -> FirstPage:
    """The page cut to 250 words: first its lists, down to one line each, then the second sentences of its reasons."""
    while count_page(page) > MOST_WORDS and max(len(page.flips), len(page.not_tested)) > 1:
        longer = "not_tested" if len(page.not_tested) >= len(page.flips) else "flips"
        *lines, last = getattr(page, longer)
        page = page._replace(**{longer: lines, "left_out": [last, *page.left_out]})
    for place in reversed(range(len(page.decisions))):
        verdict, target, why = page.decisions[place]
        first, stop, rest = why.partition(". ")
        if count_page(page) > MOST_WORDS and rest:
            decisions = [*page.decisions[:place], (verdict, target, first + stop.strip()), *page.decisions[place + 1 :]]
            page = page._replace(decisions=decisions, left_out=[f"{target}: {rest}", *page.left_out])
    return page


def count_page(page: FirstPage) -> int:
    """The words of page one outside its chart."""
    table = [column.title for column in page.promise.columns]
    table += [
        part
        for row in page.promise.rows
        for place in row
        for part in (place if isinstance(place, Cell) else (place,))[:2]
    ]
    lines = [
        page.label,
        page.title,
        page.warning,
        page.chart_title,
        page.evidence,
        *page.scope,
        *page.flips,
        *page.not_tested,
    ]
    told = [part for decision in page.decisions for part in decision]
    return FURNITURE + count_words([*table, *lines, *told])


def count_words(texts: Iterable[str]) -> int:
    """How many runs of non-space hold a letter or a digit."""
    return sum(1 for text in texts for word in text.split() if re.search(r"\w", word))


def merge_lines(told: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """Lines of several targets, most decisive first; what all say is said once, the rest under its target's name."""
    merged: list[str] = []
    for rank in zip_longest(*(lines for _, lines in told)):
        for (target, _), line in zip(told, rank, strict=True):
            if line is None:
                continue
            common = all(line in lines for _, lines in told)
            text = line if common else f"{target}: {line}"
            if text not in merged:
                merged.append(text)
    return merged


def _group_decisions(decisions: Sequence[Decision]) -> list[tuple[str, str, str]]:
    """Verdict, targets and why, targets of the same verdict for the same reason together."""
    groups: dict[tuple[str, str], list[str]] = {}
    for decision in decisions:
        groups.setdefault((decision.verdict, decision.why), []).append(decision.target)
    return [(verdict, join_words(targets), why) for (verdict, why), targets in groups.items()]


def _group_scopes(decisions: Sequence[Decision], models: Mapping[str, str]) -> list[str]:
    """Scopes that differ in nothing but the model that they begin with, as one."""
    groups: dict[str, list[str]] = {}
    for decision in decisions:
        model = models[decision.target]
        groups.setdefault(decision.scope.removeprefix(model), []).append(model)
    return [join_words(list(dict.fromkeys(models))) + rest for rest, models in groups.items()]


def _label(study: Study) -> str:
    simulated = [target.name for target in study.scenario.target if not target.base_url]
    if not simulated:
        return "Launch report"
    if len(simulated) == len(study.targets):
        return "Launch report · illustration"
    return f"Launch report · illustration in part ({join_words(simulated)})"


def _warning(study: Study) -> str:
    state = STATES[study.run.manifest.state]
    broken = [stage for stage in study.run.stages if stage.reason]
    where = f" during {broken[-1].target} at {write_value(broken[-1].level, 'users')}" if broken else ""
    return f"INCOMPLETE: {state}{where}. What was measured until then follows." if state else ""


def _promise_table(decisions: Sequence[Decision]) -> Table:
    columns = [Column("Need", words=True)]
    for decision in decisions:
        columns += [Column(decision.target, words=True), Column("", words=True)]
    needs = [each.need for each in decisions[0].promise] if decisions else []
    rows = []
    for place, need in enumerate(needs):
        told = [decision.promise[place] for decision in decisions]
        rows.append(
            (
                Cell(need, f"asked: {told[0].asked}" if told[0].asked else ""),
                *(cell for row in told for cell in _promise_cells(row)),
            )
        )
    return Table(tuple(columns), tuple(rows))


def _promise_cells(row: PromiseRow) -> tuple[Cell, Cell]:
    sides = row.need.startswith("Bill") and row.value != UNKNOWN  # both sides of the bill have a page of their own
    interval = "" if sides else row.interval.replace(" to ", "–")
    return Cell(row.value, interval), Cell(row.verdict or "", "", VERDICT_COLOURS[row.verdict])


def _evidence(study: Study) -> str:
    void = [flag for flag in study.flags if flag.voids]
    asked = sum(f.n for f in study.figures if f.metric == "requests" and f.repeat is None and f.level is None)
    repeats = study.scenario.load.repeats
    parts = [
        f"{len(void)} levels void" if void else "Valid",
        f"{repeats} {'repeat' if repeats == 1 else 'repeats'}",
        f"{asked:,} requests",
        _instrument_error(study),
        f"{_spent(study)} spent",
        f"run {study.run.manifest.run_id}",
        "check: firsttoken verify RUN",
    ]
    return "; ".join(parts) + "."


def _instrument_error(study: Study) -> str:
    """How well first tokens are known: the width of the bracket around them, at p99 of the measured ones."""
    marks = study.run.attempts("first_token_early_ns", "first_token_ns", where="phase = 'measure'")
    width_ns = np.asarray(marks["first_token_ns"], np.float64) - np.asarray(marks["first_token_early_ns"], np.float64)
    known = width_ns[~np.isnan(width_ns)]
    if not len(known):
        return "no first token timed"
    return f"first tokens timed within {max(0.01, np.ceil(np.quantile(known, 0.99) / 1e4) / 100):g} ms"


def _spent(study: Study) -> str:
    """Dollars that the run cost; what a simulator answered costs none."""
    real = [target.name for target in study.scenario.target if target.base_url]
    figures = [study.figure(target, "dollars") for target in real]
    known = [figure.value for figure in figures if figure and figure.value is not None]
    return write_value(sum(known), "USD") if len(known) == len(real) else "unknown dollars"
