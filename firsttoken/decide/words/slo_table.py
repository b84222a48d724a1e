"""The SLO table of page one: what is needed, what each target gives, and whether that is enough.

Rule: the rows are the same for every target and in the same order, so that targets stand side by side; a result that
is unknown says so.
"""

import msgspec

from firsttoken.catalogue import Source
from firsttoken.decide.judge.capacity import Bracket, Verdict
from firsttoken.decide.judge.ruling import TargetVerdict
from firsttoken.decide.metrics.value import Find, MetricValue
from firsttoken.decide.words.load_unit import USERS, LoadUnit
from firsttoken.decide.words.result_words import write_interval, write_metric, write_point
from firsttoken.decide.words.units import UNKNOWN, write_value
from firsttoken.decoding.duration import parse_duration
from firsttoken.scenario.format import Demand, Scenario
from firsttoken.scenario.slo import Slo


class SloRow(msgspec.Struct, frozen=True, kw_only=True):
    """One need and what a target gives."""

    need: str
    required: str = ""
    """What would be enough; empty where nothing was asked."""
    value: str = UNKNOWN
    interval: str = ""
    """The range of the value, or what to know of it; may be empty."""
    verdict: Verdict | None = None
    """None where nothing was asked."""


def write_rows(
    find: Find, scenario: Scenario, target_verdict: TargetVerdict, source: Source | None, unit: LoadUnit = USERS
) -> list[SloRow]:
    """The rows of one target: `find` finds its results, `source` has its prices, and its levels count `unit`."""
    slo, level = scenario.slo, target_verdict.deciding
    results: Find = find if level else lambda metric, level, q: None
    at = level.level if level else None
    return [
        _share_row(target_verdict, slo, unit),
        _load_row(target_verdict, slo, unit),
        _first_word_row(results("felt_ttft_ms", at, 0.95), slo),
        _retry_row(results("gave_up_per_1000", at, None), results("retried_per_1000", at, None)),
        _quota_row(results("quota_used_share", at, None)),
        _bill_row(find, scenario.demand, source),
    ]


def _share_row(target_verdict: TargetVerdict, slo: Slo, unit: LoadUnit) -> SloRow:
    need, required, level = "Requests that meet the SLO", write_value(slo.share, "share"), target_verdict.deciding
    if level is None:
        return SloRow(need=need, required=required, verdict=target_verdict.verdict)
    value = f"{write_point(level.attainment)} {unit.where(level.level)}"
    interval = write_interval(level.attainment)
    return SloRow(need=need, required=required, value=value, interval=interval, verdict=level.verdict)


def _load_row(target_verdict: TargetVerdict, slo: Slo, unit: LoadUnit) -> SloRow:
    need, required = "Highest load that meets it", ""
    if slo.level is not None:
        required = unit.write(slo.level[1])
    elif target_verdict.need is not None:
        required = f"{write_value(target_verdict.need.rps, '1/s')} at the peak"
    verdict = target_verdict.verdict if required else None
    bracket = target_verdict.bracket
    if bracket is None:
        return SloRow(need=need, required=required, verdict=verdict)
    value = "none shown" if bracket.last_pass is None else unit.name(bracket.last_pass)
    interval = _write_break(bracket, unit)
    return SloRow(need=need, required=required, value=value, interval=interval, verdict=verdict)


def _write_break(bracket: Bracket, unit: LoadUnit) -> str:
    """Where the SLO is missed, or how far it is shown to be met."""
    if bracket.first_fail is not None:
        return f"missed {unit.where(bracket.first_fail)}"
    if bracket.last_pass is None:
        return "no tested load is shown to miss it"
    if bracket.shown_to_top:
        return "no tested load misses it"
    return f"not shown above {unit.write(bracket.last_pass)}"


def _first_word_row(result: MetricValue | None, slo: Slo) -> SloRow:
    limit_ms = 1000 * parse_duration(slo.felt_ttft) if slo.felt_ttft else None
    return SloRow(
        need="Wait for the first word, 95 of 100 users",
        required="" if limit_ms is None else write_value(limit_ms, "ms"),
        value=write_point(result),
        interval=write_interval(result),
        verdict=None if limit_ms is None else _judge(result, limit_ms),
    )


def _judge(result: MetricValue | None, most: float) -> Verdict:
    """Whether a result lies below a limit, by its interval."""
    if result is None or result.lo is None or result.hi is None:
        return "UNKNOWN"
    return "PASS" if result.hi <= most else "FAIL" if result.lo > most else "UNKNOWN"


def _retry_row(failed: MetricValue | None, retried: MetricValue | None) -> SloRow:
    need = "Failed, and retried, per 1,000"
    if failed is None or retried is None or failed.value is None or retried.value is None:
        return SloRow(need=need)
    return SloRow(need=need, value=f"{failed.value:,.0f} failed, {retried.value:,.0f} retried")


def _quota_row(result: MetricValue | None) -> SloRow:
    if result is None or result.value is None:
        return SloRow(need="Quota used", interval="no limit was reported")
    return SloRow(need="Quota used", value=write_metric(result))


def _bill_row(find: Find, demand: Demand | None, source: Source | None) -> SloRow:
    need = f"Bill for {demand.days if demand else 30} days"
    total = find("bill_month", None, None)
    if total is None or total.value is None or source is None:
        return SloRow(need=need, interval="no price is known" if demand else "no demand is stated")
    read, written = (write_metric(find(f"bill_{side}_month", None, None)) for side in ("input", "output"))
    interval = f"{read} reading, {written} writing; {source.title}"
    return SloRow(need=need, value=write_value(total.value, "USD"), interval=interval)
