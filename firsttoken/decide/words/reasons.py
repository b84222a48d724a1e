"""The words of a decision: why, and what would flip it.

Rule: plain words and whole sentences, no metric names; every number that is said is a result of the run.
"""

import math
from collections.abc import Mapping, Sequence

from firsttoken.decide.flags.flag import Flag
from firsttoken.decide.flags.sample_size import requests_needed
from firsttoken.decide.flags.validity import RULES
from firsttoken.decide.judge.capacity import Bracket, LevelVerdict
from firsttoken.decide.judge.ruling import TargetVerdict
from firsttoken.decide.metrics.value import Find
from firsttoken.decide.words.load_unit import USERS, LoadUnit
from firsttoken.decide.words.result_words import write_interval
from firsttoken.decide.words.units import round_significant, write_share, write_value
from firsttoken.decoding.duration import parse_duration
from firsttoken.scenario.slo import LIMITS, Slo

CAUSES: Mapping[str, str] = {
    "error": "ended in an error",
    "empty": "got an empty answer",
    **{key: limit.missed for key, limit in LIMITS.items()},
}
"""Key of [slo], error or empty -> what happened to the requests that missed it."""


STATE_NEED = "A decision: a need that is stated (slo.at or demand.peak_rps)."
MORE_REPEATS = "two more repeats with the same result (load.repeats = 3)"


def explain(
    target_verdict: TargetVerdict, share: float, flags: Sequence[Flag], find: Find, unit: LoadUnit = USERS
) -> str:
    """Why, in two sentences; levels count `unit`."""
    level = target_verdict.deciding
    if level is None:
        return _explain_absence(target_verdict, unit)
    if level.voided_by:
        evidence = next((flag.evidence for flag in flags if flag.level == level.level and flag.is_void), "")
        return f"The measurement {unit.where(level.level)} was discarded. {evidence}"
    if not level.attainment.n:
        return f"{unit.place(level.level)} no request was measured. There is no result."
    if level.barred_by:
        evidence = next((flag.evidence for flag in flags if flag.level == level.level and flag.bars_pass), "")
        place = unit.place(level.level)
        return f"{place} {_kept(level)} of requests met the SLO, and it cannot pass. {evidence}"
    seconds = {
        "PASS": _explain_pass(target_verdict, unit),
        "FAIL": _explain_fail(target_verdict, flags, find, unit),
        "UNKNOWN": _explain_doubt(level, share, flags),
    }
    asked = f"at least {write_share(share)} must"
    place = unit.place(level.level)
    return f"{place} {_kept(level)} of requests met the SLO; {asked}. {seconds[level.verdict]}"


def _explain_absence(target_verdict: TargetVerdict, unit: LoadUnit) -> str:
    if target_verdict.bracket is None:
        return "No load level finished. There is no result."
    need = target_verdict.need
    if need is None:
        return "The deciding load was not measured. There is no result."
    if need.users is None:
        return "No request started in a measure window. load.measure is too short."
    users = f", about {need.users:,.0f} users" if need.users and unit.by == "users" else ""
    rate = f"{round_significant(need.rps)} requests a second{users}"
    reached = f"The peak with its headroom needs {rate}; the tested loads offered less."
    if target_verdict.bracket.first_fail is not None:
        return f"{reached} Already {unit.name(target_verdict.bracket.first_fail)} missed the SLO."
    return f"{reached} There is no result there."


def _explain_pass(target_verdict: TargetVerdict, unit: LoadUnit) -> str:
    if target_verdict.refuted:
        return "An open loop at the corresponding rate missed it."
    if target_verdict.once:
        return "Only one run: a decision needs two more."
    failed, bracket = target_verdict.first_failed, target_verdict.bracket
    if failed is not None:
        return f"At {unit.write(failed.level)} {_kept(failed)} did."
    if bracket and bracket.last_pass is not None and not bracket.shown_to_top:
        return f"Above {unit.write(bracket.last_pass)} that is not shown."
    return "No tested load missed it."


def _explain_fail(target_verdict: TargetVerdict, flags: Sequence[Flag], find: Find, unit: LoadUnit) -> str:
    last_pass, level = target_verdict.bracket.last_pass if target_verdict.bracket else None, target_verdict.deciding
    holds = f"it is met up to {unit.name(last_pass)}" if last_pass is not None else "no tested load met it"
    if level and any(flag.name == "QUOTA_BOUND" and flag.level == level.level for flag in flags):
        return f"The limit there was the quota, not the server; {holds}."
    cause = main_cause(level.level if level else None, find)
    return f"Most of the others {CAUSES[cause]}; {holds}." if cause else f"{holds[0].upper()}{holds[1:]}."


def _explain_doubt(level: LevelVerdict, share: float, flags: Sequence[Flag]) -> str:
    result, unpaced = level.attainment, _find_unpaced(level, flags)
    if unpaced:
        return unpaced.evidence
    if result.lo is None or result.hi is None:
        return "That is too few to decide."
    needed = requests_needed(share) if share < 1 else None
    if needed and result.n < needed:
        requests = "1 request" if result.n == 1 else f"{result.n} requests"
        return f"It has {requests}; at least {needed} are needed."
    return f"The 95 % interval is {write_interval(result)}."


def _find_unpaced(level: LevelVerdict, flags: Sequence[Flag]) -> Flag | None:
    """The flag of a level whose answers have no pace that a limit could be held against."""
    return next((flag for flag in flags if (flag.name, flag.level) == ("PACE_UNKNOWN", level.level)), None)


def main_cause(level: float | None, find: Find) -> str | None:
    """What most of the failing requests of a level missed: a key of CAUSES; None where none failed."""
    broken = _broken_shares(level, find)
    return max(broken, key=lambda cause: broken[cause]) if broken else None


def _broken_shares(level: float | None, find: Find) -> dict[str, float]:
    """Cause -> the share of a level's requests that missed it; only causes with any."""
    shares = {cause: find(f"broken_by_{cause}_share", level, None) for cause in CAUSES}
    return {cause: result.value for cause, result in shares.items() if result and result.value}


def list_flips(
    target_verdict: TargetVerdict, slo: Slo, flags: Sequence[Flag], find: Find, unit: LoadUnit = USERS
) -> list[str]:
    """What would turn the decision, most decisive first; levels count `unit`."""
    level, bracket = target_verdict.deciding, target_verdict.bracket
    if level is None:
        return _list_loads(target_verdict, unit)
    if target_verdict.verdict == "FAIL":
        fewer = [f"A pass: no more than {unit.write(bracket.last_pass)}."] if bracket and bracket.last_pass else []
        return fewer + _list_limits(level.level, slo, find, unit)
    if target_verdict.verdict == "PASS":
        return [*_list_proofs(target_verdict, unit), f"A NO-GO: {_breaking_load(bracket, unit)}."]
    if names := level.voided_by or level.barred_by:
        return [f"An answer: {RULES[name].remedy}." for name in names]
    if _find_unpaced(level, flags):
        return [f"An answer: {RULES['PACE_UNKNOWN'].remedy}."]
    if "CENSORED" in level.attainment.flags:
        return [f"An answer: a longer load.hold {unit.where(level.level)}."]
    key = "load.repeats" if unit.shape else "load.measure"
    return [f"An answer: more requests {unit.where(level.level)} ({key})."]


def _list_proofs(target_verdict: TargetVerdict, unit: LoadUnit) -> list[str]:
    """What a level that passes lacks for a GO."""
    wanted = "A GO" if target_verdict.states_need else "A firm profile"
    if target_verdict.refuted:
        return [f"{wanted}: a lower load that an open loop confirms."]
    needs = [] if target_verdict.states_need else [STATE_NEED]
    if not target_verdict.once:
        return needs
    more = "another search with the same result" if unit.key == "load.search" else MORE_REPEATS
    return [*needs, f"{wanted}: {more}."]


def _list_loads(target_verdict: TargetVerdict, unit: LoadUnit) -> list[str]:
    """The load that a stated peak needs, where no level offered it."""
    need = target_verdict.need
    if need is None or (unit.by == "users" and not need.users):
        return []
    load = f"about {need.users or 0:,.0f} users" if unit.by == "users" else unit.write(need.rps / unit.turns)
    return [f"An answer: a load of {load} ({unit.key})."]


def _breaking_load(bracket: Bracket | None, unit: LoadUnit) -> str:
    """The load that misses the SLO, as far as it is known."""
    if bracket is not None and bracket.first_fail is not None:
        return f"a load of {unit.write(bracket.first_fail)}"
    if bracket is None or bracket.last_pass is None or bracket.shown_to_top:
        return "a higher load than was tested"
    return f"a load above {unit.write(bracket.last_pass)}, which is untested"


def _list_limits(level: float, slo: Slo, find: Find, unit: LoadUnit) -> list[str]:
    """The limit that as many requests as were asked for did meet, where it is the only one that was missed."""
    broken = _broken_shares(level, find)
    cause = main_cause(level, find)
    if cause not in LIMITS or sum(broken.values()) - broken[cause] > (1 - slo.share) / 2:
        return []
    result = find(LIMITS[cause].metric, level, slo.share)
    if result is None or result.hi is None or math.isinf(result.hi) or "CENSORED" in result.flags:
        return []
    loose = write_value(result.hi, "ms")
    tight = write_value(1000 * parse_duration(getattr(slo, cause)), "ms")
    return [f"A pass {unit.where(level)}: slo.{cause} at {loose} instead of {tight}."]


def _kept(level: LevelVerdict) -> str:
    share = write_value(level.attainment.value, "share")
    if "CENSORED" in level.attainment.flags:
        return f"at least {share}"
    return f"only {share}" if level.verdict == "FAIL" and level.attainment.value else share
