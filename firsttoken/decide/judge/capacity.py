"""How much load meets the SLO, and how throughput degrades on the way.

Rule: a level passes when the lower end of its interval reaches the share that was asked for, fails when the upper end
does not, and is unknown otherwise; a level whose measurement is void does neither, and one of which a flag voids the
pass can only fail. Nothing is extrapolated: the answer is a bracket of tested levels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from firsttoken.decide.metrics.value import MetricValue

Verdict = Literal["PASS", "FAIL", "UNKNOWN"]


@dataclass(frozen=True)
class LevelVerdict:
    """Whether one level meets the SLO."""

    level: float
    verdict: Verdict
    attainment: MetricValue
    looks_met: bool
    """Whether the share that was seen would do, were it certain."""
    voided_by: tuple[str, ...] = ()
    """Names of the flags that void it."""
    barred_by: tuple[str, ...] = ()
    """Names of the flags by which it cannot pass, where it did not fail."""
    unpaced: bool = False
    """Whether it is unknown because the pace of its answers is unknown."""

    @property
    def counts(self) -> bool:
        """Whether something was measured there that the SLO can be applied to."""
        return self.attainment.n > 0 and not (self.voided_by or self.barred_by or self.unpaced)


def judge_level(
    attainment: MetricValue,
    share: float,
    voided_by: Sequence[str] = (),
    barred_by: Sequence[str] = (),
    *,
    unpaced: bool = False,
) -> LevelVerdict:
    """The verdict on the level of an attainment result; `barred_by` names flags by which it may fail and not pass.

    `unpaced`: a limit is set on the pace, and that of many of its answers is unknown.
    """
    verdict: Verdict = "UNKNOWN"
    if not voided_by and attainment.lo is not None and attainment.hi is not None:
        verdict = "PASS" if attainment.lo >= share else "FAIL" if attainment.hi < share else "UNKNOWN"
    barred = tuple(barred_by) if verdict != "FAIL" else ()
    verdict = "UNKNOWN" if barred else verdict
    looks_met = attainment.value is not None and attainment.value >= share
    unpaced = unpaced and verdict == "UNKNOWN"
    return LevelVerdict(attainment.level or 0.0, verdict, attainment, looks_met, tuple(voided_by), barred, unpaced)


@dataclass(frozen=True)
class Bracket:
    """Between which tested levels the SLO is missed."""

    last_pass: float | None
    """The highest level that passes below any that fails."""
    first_fail: float | None
    """The lowest level that fails; None: not reached up to `top`."""
    top: float

    @property
    def shown_to_top(self) -> bool:
        """Whether the highest tested level passes; else what lies above `last_pass` fails or is not known."""
        return self.last_pass == self.top


def find_bracket(levels: Sequence[LevelVerdict]) -> Bracket | None:
    """The bracket of a ladder; None where no level was measured.

    More load does not heal: a pass above a fail counts for nothing.
    """
    if not levels:
        return None
    first_fail = min((each.level for each in levels if each.verdict == "FAIL"), default=None)
    passed = [
        each.level for each in levels if each.verdict == "PASS" and (first_fail is None or each.level < first_fail)
    ]
    return Bracket(max(passed, default=None), first_fail, max(each.level for each in levels))
