"""The words of a decision: why, for what, what would flip it, what was not tested.

Rule: plain words and whole sentences, no metric names; every number that is said is a figure of the run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from firsttoken.decide.capacity import Bracket, LevelVerdict
from firsttoken.decide.figure import Find
from firsttoken.decide.promise import LIMITS
from firsttoken.decide.ruling import Ruling
from firsttoken.decide.units import round_significant, write_interval, write_share, write_value
from firsttoken.decide.validity import Flag, requests_needed
from firsttoken.scenario import Load, Scenario, Slo, Spread, Target, parse_duration

CAUSES: Mapping[str, str] = {
    "error": "ended in an error",
    "ttft": "waited too long for their first token",
    "ttfo": "waited too long for their first visible word",
    "felt_ttft": "waited too long for their first word",
    "tpot": "were written too slowly",
    "e2e": "took too long as a whole",
}
"""Key of [slo], or error -> what happened to the requests that broke on it."""
REMEDIES: Mapping[str, str] = {
    "CLIENT_LIMITED": "a load machine with time to spare",
    "NOT_DELIVERED": "a run in which all users are at work",
    "WORKER_LOST": "a run whose rows are all there",
}
"""Flag that voids -> what a measurement needs instead."""
DAYS_TO_RELY_ON = 30


def explain(ruling: Ruling, share: float, flags: Sequence[Flag], find: Find) -> str:
    """Why, in two sentences."""
    level = ruling.deciding
    if level is None:
        return _explain_absence(ruling)
    if level.voided_by:
        evidence = next((flag.evidence for flag in flags if flag.level == level.level and flag.voids), "")
        return f"The measurement at {_users(level)} does not count. {evidence}"
    seconds = {
        "PASS": _explain_pass(ruling),
        "FAIL": _explain_fail(ruling, find),
        "UNKNOWN": _explain_doubt(level, share),
    }
    asked = f"{write_share(share)} were asked for"
    return f"At {_users(level)} {_kept(level)} of requests kept the promise; {asked}. {seconds[level.verdict]}"


def _explain_absence(ruling: Ruling) -> str:
    if ruling.bracket is None:
        return "No load was measured to its end. So nothing can be said of the promise."
    need = ruling.need
    if need is None:
        return "The load that decides was not measured. So nothing can be said of the promise there."
    users = f", about {need.users:,.0f} users" if need.users else ""
    rate = f"{round_significant(need.rps)} requests a second{users}"
    reached = f"The peak with its headroom needs {rate}; the tested loads offered less."
    if ruling.bracket.first_fail is not None:
        return f"{reached} Already {write_value(ruling.bracket.first_fail, 'users')} broke the promise."
    return f"{reached} So nothing can be said of the promise there."


def _explain_pass(ruling: Ruling) -> str:
    if ruling.once:
        return "It was measured once, which is an indication and not yet a decision."
    failed, bracket = ruling.first_failed, ruling.bracket
    if failed is not None:
        return f"At {_users(failed)} {_kept(failed)} did."
    if bracket and bracket.last_pass is not None and not bracket.shown_to_top:
        return f"It is not shown above {write_value(bracket.last_pass, 'users')}."
    return "No tested load broke it."


def _explain_fail(ruling: Ruling, find: Find) -> str:
    last_pass = ruling.bracket.last_pass if ruling.bracket else None
    holds = f"it holds up to {write_value(last_pass, 'users')}" if last_pass is not None else "no tested load kept it"
    cause = main_cause(ruling.deciding.level if ruling.deciding else None, find)
    return f"Most of the others {CAUSES[cause]}; {holds}." if cause else f"{holds[0].upper()}{holds[1:]}."


def _explain_doubt(level: LevelVerdict, share: float) -> str:
    figure = level.attainment
    if figure.lo is None or figure.hi is None:
        return "That is too little to tell."
    needed = requests_needed(share) if share < 1 else None
    if needed and figure.n < needed:
        return f"It rests on {figure.n} requests, and at least {needed} are needed to be sure."
    return f"The true share may be anywhere from {write_interval(figure)}."


def main_cause(level: float | None, find: Find) -> str | None:
    """What most of the broken requests of a level broke on: a key of CAUSES; None where none broke."""
    broken = _broken_shares(level, find)
    return max(broken, key=lambda cause: broken[cause]) if broken else None


def _broken_shares(level: float | None, find: Find) -> dict[str, float]:
    """Cause -> the share of a level's requests that broke on it; only causes that broke any."""
    shares = {cause: find(f"broken_by_{cause}_share", level, None) for cause in CAUSES}
    return {cause: figure.value for cause, figure in shares.items() if figure and figure.value}


def list_flips(ruling: Ruling, slo: Slo, find: Find) -> list[str]:
    """What would turn the decision, most decisive first."""
    level, bracket, need = ruling.deciding, ruling.bracket, ruling.need
    if level is None:
        return [f"An answer: a load of about {need.users:,.0f} users (load.users)."] if need and need.users else []
    if ruling.verdict == "FAIL":
        fewer = (
            [f"A pass: no more than {write_value(bracket.last_pass, 'users')}."]
            if bracket and bracket.last_pass
            else []
        )
        return fewer + _list_limits(level.level, slo, find)
    if ruling.verdict == "PASS":
        repeats = ["A GO: two more repeats that agree (load.repeats = 3)."] if ruling.once else []
        return [*repeats, f"A NO-GO: {_breaking_load(bracket)}."]
    if level.voided_by:
        return [f"An answer: {REMEDIES[name]}." for name in level.voided_by]
    if "CENSORED" in level.attainment.flags:
        return [f"An answer: more patience with requests at {_users(level)} (load.hold)."]
    return [f"An answer: more requests at {_users(level)} (load.measure)."]


def _breaking_load(bracket: Bracket | None) -> str:
    """The load that breaks the promise, as far as it is known."""
    if bracket is None or bracket.first_fail is not None:
        return f"a load of {write_value(bracket.first_fail if bracket else None, 'users')}"
    if bracket.last_pass is None or bracket.shown_to_top:
        return "a higher load than was tested"
    return f"a load above {write_value(bracket.last_pass, 'users')}, where nothing is shown"


def _list_limits(level: float, slo: Slo, find: Find) -> list[str]:
    """The limit that as many requests as were asked for did meet, where it is the one thing that broke the promise."""
    broken = _broken_shares(level, find)
    cause = main_cause(level, find)
    if cause is None or cause == "error" or sum(broken.values()) - broken[cause] > (1 - slo.share) / 2:
        return []
    figure = find(LIMITS[cause], level, slo.share)
    if figure is None or figure.hi is None or math.isinf(figure.hi) or "CENSORED" in figure.flags:
        return []
    loose = write_value(figure.hi, "ms")
    tight = write_value(1000 * parse_duration(getattr(slo, cause)), "ms")
    return [f"A pass at {write_value(level, 'users')}: slo.{cause} at {loose} instead of {tight}."]


def list_untested(scenario: Scenario, target: Target) -> list[str]:
    """What a reader may think was tested and was not."""
    load, demand = scenario.load, scenario.demand
    cold = scenario.traffic.cache == "cold"
    untested = {
        "The real service: a simulator answered.": not target.base_url,
        "Users who do not wait for an answer before they ask again.": True,
        f"More than {write_value(max(load.users), 'users')} at once.": True,
        "The busiest moment: no peak is stated.": demand is None or demand.peak_rps is None,
        "Prompts that share a beginning, which a cache answers sooner.": cold,
        "Hours of steady load, and other times of the day.": True,
    }
    return [sentence for sentence, holds in untested.items() if holds]


def describe_scope(scenario: Scenario, target: Target, started_utc: str) -> str:
    """What was tested, and until when that may be relied on; started_utc is an RFC 3339 time."""
    place = "the built-in simulator" if not target.base_url else target.base_url
    return (
        f"{target.model} at {place}, {_ladder(scenario.load)}, prompts of {_length(scenario.traffic.input_tokens)} and "
        f"answers of {_length(scenario.traffic.output_tokens)} tokens. Expires {DAYS_TO_RELY_ON} days after "
        f"{started_utc[:10]}, or when endpoint, price or prompts change."
    )


def _kept(level: LevelVerdict) -> str:
    share = write_share(level.attainment.value or 0.0)
    if "CENSORED" in level.attainment.flags:
        return f"at least {share}"
    return f"only {share}" if level.verdict == "FAIL" else share


def _ladder(load: Load) -> str:
    if len(load.users) == 1:
        return write_value(load.users[0], "users")
    return f"{load.users[0]:,} to {write_value(load.users[-1], 'users')}"


def _length(length: int | Spread) -> str:
    return f"about {length.median:,.0f}" if isinstance(length, Spread) else f"{length:,}"


def _users(level: LevelVerdict) -> str:
    return write_value(level.level, "users")
