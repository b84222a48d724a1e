"""The promise table of page one: what is needed, what each target gives, and whether that is enough.

Rule: the rows are the same for every target and in the same order, so that targets stand side by side; a figure that
is unknown says so.
"""

from __future__ import annotations

import msgspec

from firsttoken.catalogue import Source
from firsttoken.decide.judge.capacity import Bracket, Verdict
from firsttoken.decide.judge.ruling import Ruling
from firsttoken.decide.metrics.metric import Figure, Find
from firsttoken.decide.words.load_unit import LoadUnit
from firsttoken.decide.words.units import UNKNOWN, write_figure, write_interval, write_point, write_value
from firsttoken.duration import parse_duration
from firsttoken.scenario.format import Demand, Scenario, Slo


class PromiseRow(msgspec.Struct, frozen=True, kw_only=True):
    """One need and what a target gives."""

    need: str
    asked: str = ""
    """What would be enough; empty where nothing was asked."""
    value: str = UNKNOWN
    interval: str = ""
    """The range of the value, or what to know of it; may be empty."""
    verdict: Verdict | None = None
    """None where nothing was asked."""


def write_rows(find: Find, scenario: Scenario, ruling: Ruling, source: Source | None) -> list[PromiseRow]:
    """The rows of one target, whose figures `find` finds and whose prices are those of `source`."""
    slo, level = scenario.slo, ruling.deciding
    figures: Find = find if level else lambda metric, level, q: None
    at = level.level if level else None
    return [
        _share_row(ruling, slo),
        _load_row(ruling, slo),
        _felt_row(figures("felt_ttft_ms", at, 0.95), slo),
        _retry_row(figures("gave_up_per_1000", at, None), figures("retried_per_1000", at, None)),
        _quota_row(figures("quota_used_share", at, None)),
        _bill_row(find, scenario.demand, source),
    ]


def _share_row(ruling: Ruling, slo: Slo) -> PromiseRow:
    need, asked, level = "Requests that keep the promise", write_value(slo.share, "share"), ruling.deciding
    if level is None:
        return PromiseRow(need=need, asked=asked, verdict=ruling.verdict)
    value = f"{write_point(level.attainment)} {ruling.unit.where(level.level)}"
    interval = write_interval(level.attainment)
    return PromiseRow(need=need, asked=asked, value=value, interval=interval, verdict=level.verdict)


def _load_row(ruling: Ruling, slo: Slo) -> PromiseRow:
    need, asked = "Highest load that keeps it", ""
    if slo.level is not None:
        asked = ruling.unit.write(slo.level[1])
    elif ruling.need is not None:
        asked = f"{write_value(ruling.need.rps, '1/s')} at the peak"
    verdict = ruling.verdict if asked else None
    bracket = ruling.bracket
    if bracket is None:
        return PromiseRow(need=need, asked=asked, verdict=verdict)
    value = "none shown" if bracket.last_pass is None else ruling.unit.name(bracket.last_pass)
    interval = _write_break(bracket, ruling.unit)
    return PromiseRow(need=need, asked=asked, value=value, interval=interval, verdict=verdict)


def _write_break(bracket: Bracket, unit: LoadUnit) -> str:
    """Where the promise breaks, or how far it is shown not to."""
    if bracket.first_fail is not None:
        return f"breaks {unit.where(bracket.first_fail)}"
    if bracket.last_pass is None:
        return "no tested load is shown to break it"
    if bracket.shown_to_top:
        return "no tested load breaks it"
    return f"not shown above {unit.write(bracket.last_pass)}"


def _felt_row(figure: Figure | None, slo: Slo) -> PromiseRow:
    limit_ms = 1000 * parse_duration(slo.felt_ttft) if slo.felt_ttft else None
    return PromiseRow(
        need="Wait for the first word, 95 of 100 users",
        asked="" if limit_ms is None else write_value(limit_ms, "ms"),
        value=write_point(figure),
        interval=write_interval(figure),
        verdict=None if limit_ms is None else _judge(figure, limit_ms),
    )


def _judge(figure: Figure | None, most: float) -> Verdict:
    """Whether a figure lies below a limit, by its interval."""
    if figure is None or figure.lo is None or figure.hi is None:
        return "UNKNOWN"
    return "PASS" if figure.hi <= most else "FAIL" if figure.lo > most else "UNKNOWN"


def _retry_row(gave_up: Figure | None, retried: Figure | None) -> PromiseRow:
    need = "Gave up, and retried, per 1,000"
    if gave_up is None or retried is None or gave_up.value is None or retried.value is None:
        return PromiseRow(need=need)
    return PromiseRow(need=need, value=f"{gave_up.value:,.0f} gave up, {retried.value:,.0f} retried")


def _quota_row(figure: Figure | None) -> PromiseRow:
    if figure is None or figure.value is None:
        return PromiseRow(need="Quota used", interval="no limit was told")
    return PromiseRow(need="Quota used", value=write_figure(figure))


def _bill_row(find: Find, demand: Demand | None, source: Source | None) -> PromiseRow:
    need = f"Bill for {demand.days if demand else 30} days"
    total = find("bill_month", None, None)
    if total is None or total.value is None or source is None:
        return PromiseRow(need=need, interval="no price is known" if demand else "no demand is stated")
    read, written = (write_figure(find(f"bill_{side}_month", None, None)) for side in ("input", "output"))
    interval = f"{read} reading, {written} writing; {source.title}"
    return PromiseRow(need=need, value=write_value(total.value, "USD"), interval=interval)
