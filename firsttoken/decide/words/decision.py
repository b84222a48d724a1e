"""The decision on one target: its verdict in words, as page one shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from firsttoken.catalogue import Source
from firsttoken.decide.flags.flag import Flag
from firsttoken.decide.judge.confirmation import Confirmation
from firsttoken.decide.judge.ruling import TargetVerdict, Word
from firsttoken.decide.metrics.value import Find
from firsttoken.decide.words.lengths import read_lengths
from firsttoken.decide.words.load_unit import LoadUnit
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


@dataclass(frozen=True)
class Case:
    """What a decision on one target is made of."""

    scenario: Scenario
    target: Target
    source: Source | None
    """Of its prices; None where they are unknown."""
    verdict: TargetVerdict
    unit: LoadUnit
    """What its levels count."""
    confirmation: Confirmation | None
    flags: Sequence[Flag]
    find: Find
    """Finds the target's results."""
    started_utc: str
    """When the run began."""


def decide(case: Case) -> Decision:
    """Put the verdict of a case into words."""
    scenario, target, verdict, unit = case.scenario, case.target, case.verdict, case.unit
    qualifiers = {"illustration": not target.base_url, "indicative": verdict.once}
    bracket = verdict.bracket
    top = bracket.top if bracket else None
    lengths = read_lengths(case.find, scenario.traffic)
    why = explain(verdict, scenario.slo.share, case.flags, case.find, unit)
    return Decision(
        target=target.name,
        verdict=verdict.word,
        qualifiers=tuple(word for word, holds in qualifiers.items() if holds),
        why=why,
        confirmation=case.confirmation.words if case.confirmation else "",
        scope=describe_scope(scenario, target, unit, top, lengths, case.started_utc),
        remarks=list_remarks(verdict, case.flags, case.find, why, unit),
        highest_met=bracket.last_pass if bracket else None,
        first_failed=bracket.first_fail if bracket else None,
        deciding_level=verdict.deciding.level if verdict.deciding else None,
        slo=write_rows(case.find, scenario, verdict, case.source, unit),
        flips=list_flips(verdict, scenario.slo, case.flags, case.find, unit),
        not_tested=list_untested(scenario, target, unit, top, case.confirmation is not None),
    )
