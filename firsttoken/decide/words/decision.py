"""The decision on one target: the ruling in words, as page one tells it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from firsttoken.catalogue import Source
from firsttoken.decide.flags.validity import Flag
from firsttoken.decide.judge.confirmation import Confirmation
from firsttoken.decide.judge.ruling import Ruling, Word
from firsttoken.decide.metrics.metric import Find
from firsttoken.decide.words.lengths import read_lengths
from firsttoken.decide.words.reasons import explain, list_flips
from firsttoken.decide.words.remarks import list_remarks
from firsttoken.decide.words.scope import describe_scope, list_untested
from firsttoken.decide.words.slo_table import PromiseRow, write_rows
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
    highest_kept: float | None
    first_failed: float | None
    deciding_level: float | None
    promise: list[PromiseRow]
    flips: list[str]
    not_tested: list[str]


def decide(
    scenario: Scenario,
    target: Target,
    source: Source | None,
    ruling: Ruling,
    confirmation: Confirmation | None,
    flags: Sequence[Flag],
    find: Find,
    started_utc: str,
) -> Decision:
    """Put a ruling into a decision; `find` finds the target's figures, started_utc is when the run began."""
    qualifiers = {"illustration": not target.base_url, "indicative": ruling.once}
    bracket, unit = ruling.bracket, ruling.unit
    top = bracket.top if bracket else None
    lengths = read_lengths(find, scenario.traffic)
    why = explain(ruling, scenario.slo.share, flags, find)
    return Decision(
        target=target.name,
        verdict=ruling.word,
        qualifiers=tuple(word for word, holds in qualifiers.items() if holds),
        why=why,
        confirmation=confirmation.words if confirmation else "",
        scope=describe_scope(scenario, target, unit, top, lengths, started_utc),
        remarks=list_remarks(ruling, flags, find, why),
        highest_kept=bracket.last_pass if bracket else None,
        first_failed=bracket.first_fail if bracket else None,
        deciding_level=ruling.deciding.level if ruling.deciding else None,
        promise=write_rows(find, scenario, ruling, source),
        flips=list_flips(ruling, scenario.slo, flags, find),
        not_tested=list_untested(scenario, target, unit, top, confirmation is not None),
    )
