"""The words of a decision."""

import re

import msgspec
import pytest

from firsttoken.decide.flags.flag import Flag
from firsttoken.decide.judge.capacity import judge_level
from firsttoken.decide.judge.ruling import TargetVerdict, judge_target
from firsttoken.decide.measure.demand import Need
from firsttoken.decide.metrics.value import Find, MetricValue
from firsttoken.decide.words.reasons import explain, list_flips
from firsttoken.scenario.slo import Slo
from tests.decide.hand import result
from tests.decide.judge.test_capacity import ladder

SLO = Slo(ttft="1.5s", tpot="20ms")
VOIDING = Flag(
    name="CLIENT_LIMITED", scope="level", target="m", level=1.0, repeat=0, voids="both", evidence="It froze for 70 ms."
)


def finding(*results: MetricValue) -> Find:
    known = {(each.metric, each.level, each.q): each for each in results}
    return lambda metric, level, q: known.get((metric, level, q))


def target_verdict(marks: str, at: float | None = None, need: Need | None = None, repeats: int = 2) -> TargetVerdict:
    return judge_target(ladder(marks), at, need, dict.fromkeys((1.0, 2.0, 4.0, 8.0), repeats))


def why(decided: TargetVerdict, *results: MetricValue) -> str:
    return explain(decided, 0.95, [VOIDING], finding(*results))


TOO_SLOW = result("broken_by_tpot_share", 0.5, level=4.0)
LATE = result("broken_by_ttft_share", 0.1, level=4.0)


def level(
    *share: float | None, flags: tuple[str, ...] = (), n: int = 100, voids: tuple[str, ...] = ()
) -> TargetVerdict:
    """A target of which one level was measured, once."""
    judged = judge_level(result("attainment", *share, level=1.0, n=n, flags=tuple(flags)), 0.95, list(voids))
    return judge_target([judged], None, None, {1.0: 1})


PEAK = Need(9.0, None, 30.0)
UNPACED = msgspec.structs.replace(VOIDING, name="PACE_UNKNOWN", voids="nothing", evidence="The pace is unknown.")
DECIDED = {
    "met, then missed": target_verdict("PPFF"),
    "met at every load": target_verdict("PP"),
    "met, then not shown": target_verdict("PP??"),
    "met, measured once": target_verdict("PP", repeats=1),
    "met at two levels, measured once": target_verdict("PPFF", repeats=1),
    "met at the level asked about, measured once": target_verdict("PPFF", at=2.0, repeats=1),
    "met at the level asked about, the highest": target_verdict("PP", at=2.0),
    "met at the level asked about, not shown above": target_verdict("PP?", at=2.0),
    "missed at the level asked about": target_verdict("PPFF", at=4.0),
    "not shown": target_verdict("??"),
    "the peak is above every load, one of which missed": target_verdict("PPFF", need=PEAK),
    "the peak is above every load": target_verdict("PP", need=PEAK),
    "the peak is known, no request was measured": target_verdict("??", need=Need(9.0, None, None)),
    "no level finished": judge_target([], None, None, {}),
    "no request was measured": level(None, n=0),
    "17 requests": level(1.0, 0.8, 1.0, n=17),
    "some of the requests were cut off": level(0.96, 0.9, 0.99, flags=("CENSORED",)),
    "void": level(1.0, 0.97, 1.0, voids=("CLIENT_LIMITED",)),
}
"""What was decided, by what the run showed."""
PACE = result("tpot_ms", 31.0, 30.0, 32.0, level=4.0, q=0.95)


def test_reasons_and_what_would_flip_them(snapshot):
    reported = {
        heading: [why(decided, TOO_SLOW, LATE), *list_flips(decided, SLO, [], finding(TOO_SLOW, PACE))]
        for heading, decided in DECIDED.items()
    }
    unpaced = level(0.0, 0.0, 1.0, n=24, flags=("CENSORED",))
    reported["no answer told its pace"] = [
        explain(unpaced, 0.95, [UNPACED], finding()),
        *list_flips(unpaced, SLO, [UNPACED], finding()),
    ]
    snapshot("reasons", reported)


@pytest.mark.parametrize("decided", DECIDED.values(), ids=list(DECIDED))
def test_why_is_two_plain_sentences(decided):
    assert len(re.findall(r"[.!?](?: |$)", why(decided, TOO_SLOW, LATE))) == 2


def test_a_level_that_too_few_requests_reached_says_how_many_are_needed():
    assert {"17", "72"} <= set(why(level(1.0, 0.8, 1.0, n=17)).split())


def test_where_nothing_was_measured_no_share_is_told():
    assert "%" not in why(level(None, n=0))


def test_a_void_level_says_what_voids_it():
    assert VOIDING.evidence in why(level(1.0, 0.97, 1.0, voids=("CLIENT_LIMITED",)))


def test_a_looser_limit_is_offered_with_the_value_that_would_do():
    flips = list_flips(target_verdict("PPFF", at=4.0), SLO, [], finding(TOO_SLOW, PACE))

    assert any("slo.tpot at 32.0 ms instead of 20.0 ms" in flip for flip in flips)


def test_errors_are_not_cured_by_a_looser_limit():
    errors = result("broken_by_error_share", 0.9, level=1.0)

    assert list_flips(target_verdict("F", at=1.0), SLO, [], finding(errors)) == []


def test_one_looser_limit_is_not_offered_where_others_broke_too():
    flips = list_flips(target_verdict("PPFF", at=4.0), SLO, [], finding(TOO_SLOW, LATE, PACE))

    assert not any("slo.tpot" in flip for flip in flips)
