"""What page one says of a target's answers beside the decision: empty ones, and what its flags say about the others.

Rule: a count is of all measured levels together; of a flag that several levels raise the first is shown, and the rest
stands on the page on validity.
"""

from collections.abc import Sequence

from firsttoken.decide.flags.flag import Flag
from firsttoken.decide.flags.validity import RULES
from firsttoken.decide.judge.ruling import TargetVerdict
from firsttoken.decide.metrics.value import Find
from firsttoken.decide.words.load_unit import USERS, LoadUnit

REMARKED = [name for name, rule in RULES.items() if rule.shown == "remark"]
"""Flags that change what a result means, in the order in which they are shown."""


def list_remarks(
    target_verdict: TargetVerdict, flags: Sequence[Flag], find: Find, why: str, unit: LoadUnit = USERS
) -> list[str]:
    """The remarks on one target, whose flags these are, most decisive first, but for what `why` says already.

    Levels count `unit`.
    """
    first = (next((flag for flag in flags if flag.name == name), None) for name in REMARKED)
    raised = [flag for flag in first if flag and flag.evidence not in why]
    return [*_count_empty(target_verdict, find), *(_place(flag, target_verdict, unit) for flag in raised)]


def _place(flag: Flag, target_verdict: TargetVerdict, unit: LoadUnit) -> str:
    """What a flag shows, and at which level where there are several."""
    if len(target_verdict.levels) < 2 or flag.level is None:
        return flag.evidence
    return f"{unit.place(flag.level)}: {flag.evidence}"


def _count_empty(target_verdict: TargetVerdict, find: Find) -> list[str]:
    shares = [find("empty_share", level.level, None) for level in target_verdict.levels]
    known = [(result.value, result.n) for result in shares if result and result.value is not None]
    empty = sum(round(share * n) for share, n in known)
    if not empty:
        return []
    answers = sum(n for _, n in known)
    sentence = "1 answer was empty" if empty == 1 else f"{empty:,} answers were empty"
    return [f"{sentence} (of {answers:,}: no visible token, no tool call)."]
