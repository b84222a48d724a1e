"""The decision on one target: its verdict in words, as page one shows it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from firsttoken.catalogue import Source
from firsttoken.decide.flags.validity import Flag
from firsttoken.decide.judge.confirmation import Confirmation
from firsttoken.decide.judge.ruling import TargetVerdict, Word
from firsttoken.decide.metrics.value import Find
from firsttoken.decide.words.lengths import read_lengths
from firsttoken.decide.words.reasons import explain, list_flips
from firsttoken.decide.words.remarks import list_remarks
from firsttoken.decide.words.scope import describe_scope, list_untested
from firsttoken.decide.words.slo_table import SloRow, write_rows
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.target import Target


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one target, in values and in words."""

    target: str
    verdict: Word
    qualifiers: tuple[str, ...]
    """ "illustration": a simulator answered. "indicative": the deciding level was measured once."""
    why: str
    confirmation: str
    """What an open loop said of it, where one was asked; else empty."""
    scope: str
    """What was tested, and until when that may be relied on."""
    remarks: list[str]
    """What must be known of the answers beside: empty ones, others in their place, lengths that are not as asked."""
    highest_met: float | None
    first_failed: float | None
    deciding_level: float | None
    slo: list[SloRow]
    flips: list[str]
    not_tested: list[str]


def decide(
    scenario: Scenario,
    target: Target,
    source: Source | None,
    target_verdict: TargetVerdict,
    confirmation: Confirmation | None,
    flags: Sequence[Flag],
    find: Find,
    started_utc: str,
) -> Decision:
    """Put a verdict into words; `find` finds the target's results, started_utc is when the run began."""
    qualifiers = {"illustration": not target.base_url, "indicative": target_verdict.once}
    bracket, unit = target_verdict.bracket, target_verdict.unit
    top = bracket.top if bracket else None
    lengths = read_lengths(find, scenario.traffic)
    why = explain(target_verdict, scenario.slo.share, flags, find)
    return Decision(
        target=target.name,
        verdict=target_verdict.word,
        qualifiers=tuple(word for word, holds in qualifiers.items() if holds),
        why=why,
        confirmation=confirmation.words if confirmation else "",
        scope=describe_scope(scenario, target, unit, top, lengths, started_utc),
        remarks=list_remarks(target_verdict, flags, find, why),
        highest_met=bracket.last_pass if bracket else None,
        first_failed=bracket.first_fail if bracket else None,
        deciding_level=target_verdict.deciding.level if target_verdict.deciding else None,
        slo=write_rows(find, scenario, target_verdict, source),
        flips=list_flips(target_verdict, scenario.slo, flags, find),
        not_tested=list_untested(scenario, target, unit, top, confirmation is not None),
    )
