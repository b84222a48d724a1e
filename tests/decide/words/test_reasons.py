"""The words of a decision."""

import re

import msgspec
import pytest

from firsttoken.decide.flags.validity import Flag
from firsttoken.decide.judge.capacity import judge_level
from firsttoken.decide.judge.ruling import TargetVerdict, judge_target
from firsttoken.decide.measure.demand import Need
from firsttoken.decide.metrics.value import Find, MetricValue
from firsttoken.decide.words.reasons import explain, list_flips
from firsttoken.scenario.format import Slo
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


@pytest.mark.parametrize(
    ("decided", "text"),
    [
        (
            target_verdict("PPFF"),
            "At 2 users 100 % of requests met the SLO; at least 95 % must. At 4 users only 40 % did.",
        ),
        (
            target_verdict("PP"),
            "At 2 users 100 % of requests met the SLO; at least 95 % must. No tested load missed it.",
        ),
        (
            target_verdict("PP??"),
            "At 2 users 100 % of requests met the SLO; at least 95 % must. Above 2 users that is not shown.",
        ),
        (
            target_verdict("PP", repeats=1),
            "At 2 users 100 % of requests met the SLO; at least 95 % must. "
            "It was measured only once, which is too little for a decision.",
        ),
        (
            target_verdict("PPFF", at=4.0),
            "At 4 users only 40 % of requests met the SLO; at least 95 % must. "
            "Most of the others were streamed too slowly (TPOT); it is met up to 2 users.",
        ),
        (
            target_verdict("??"),
            "At 2 users 96 % of requests met the SLO; at least 95 % must. "
            "The true share may be anywhere from 90 to 99 %.",
        ),
        (
            target_verdict("PPFF", need=Need(9.0, None, 30.0)),
            "The peak with its headroom needs 9.00 requests a second, about 30 users; the tested loads offered less. "
            "Already 4 users missed the SLO.",
        ),
        (
            target_verdict("PP", need=Need(9.0, None, 30.0)),
            "The peak with its headroom needs 9.00 requests a second, about 30 users; the tested loads offered less. "
            "So there is no result on the SLO there.",
        ),
        (
            target_verdict("??", need=Need(9.0, None, None)),
            "No request began in a measure window. So load.measure is too short to say anything.",
        ),
        (
            judge_target([], None, None, {}),
            "No load level finished. So there is no result.",
        ),
    ],
)
def test_why_is_two_plain_sentences(decided, text):
    assert why(decided, TOO_SLOW, LATE) == text
    assert len(re.findall(r"[.!?](?: |$)", text)) == 2


def test_a_level_that_too_few_requests_reached_says_how_many_are_needed():
    few = judge_level(result("attainment", 1.0, 0.8, 1.0, level=1.0, n=17), 0.95)

    assert why(judge_target([few], None, None, {1.0: 1})).endswith(
        "It rests on 17 requests, and at least 72 are needed to be sure."
    )


def test_answers_without_a_pace_are_not_asked_to_be_more():
    unpaced = msgspec.structs.replace(VOIDING, name="PACE_UNKNOWN", voids="nothing", evidence="Nobody knows the pace.")
    unknown = judge_level(result("attainment", 0.0, 0.0, 1.0, level=1.0, n=24, flags=("CENSORED",)), 0.95)
    decided = judge_target([unknown], None, None, {1.0: 1})

    assert explain(decided, 0.95, [unpaced], finding()) == (
        "At 1 user at least 0 % of requests met the SLO; at least 95 % must. Nobody knows the pace."
    )
    assert list_flips(decided, SLO, [unpaced], finding()) == [
        "An answer: a server that reports its usage and holds no stream back, or an SLO without slo.tpot."
    ]


def test_where_nothing_was_measured_no_share_is_told():
    nothing = judge_level(result("attainment", None, level=1.0, n=0), 0.95)
    decided = judge_target([nothing], None, None, {1.0: 1})

    assert why(decided) == "At 1 user no request was measured. So there is no result on the SLO there."


def test_a_void_level_says_what_voids_it():
    void = judge_level(result("attainment", 1.0, 0.97, 1.0, level=1.0), 0.95, ["CLIENT_LIMITED"])
    decided = judge_target([void], None, None, {1.0: 1})

    assert why(decided) == "The measurement at 1 user was discarded. It froze for 70 ms."
    assert list_flips(decided, SLO, [], finding()) == ["An answer: a load machine with time to spare."]


def test_a_share_of_which_some_was_cut_off_is_at_least_so_much():
    cut = judge_level(result("attainment", 0.96, 0.9, 0.99, level=1.0, flags=("CENSORED",)), 0.95)

    assert why(judge_target([cut], None, None, {1.0: 2})).startswith("At 1 user at least 96 % of requests")


@pytest.mark.parametrize(
    ("decided", "flips"),
    [
        (
            target_verdict("PPFF", at=2.0, repeats=1),
            ["A GO: two more repeats that agree (load.repeats = 3).", "A NO-GO: a load of 4 users."],
        ),
        (
            target_verdict("PPFF", repeats=1),
            [
                "A decision: a need that is stated (slo.at or demand.peak_rps).",
                "A firm profile: two more repeats that agree (load.repeats = 3).",
                "A NO-GO: a load of 4 users.",
            ],
        ),
        (target_verdict("PP", at=2.0), ["A NO-GO: a higher load than was tested."]),
        (target_verdict("PP?", at=2.0), ["A NO-GO: a load above 2 users, where nothing is shown."]),
        (
            target_verdict("PPFF", at=4.0),
            ["A pass: no more than 2 users.", "A pass at 4 users: slo.tpot at 32.0 ms instead of 20.0 ms."],
        ),
        (target_verdict("??"), ["An answer: more requests at 2 users (load.measure)."]),
        (target_verdict("PP", need=Need(9.0, None, 30.0)), ["An answer: a load of about 30 users (load.users)."]),
    ],
)
def test_what_would_flip_the_decision_is_something_one_can_do(decided, flips):
    pace = result("tpot_ms", 31.0, 30.0, 32.0, level=4.0, q=0.95)

    assert list_flips(decided, SLO, [], finding(TOO_SLOW, pace)) == flips


def test_errors_are_not_cured_by_a_looser_limit():
    errors = result("broken_by_error_share", 0.9, level=1.0)

    assert list_flips(target_verdict("F", at=1.0), SLO, [], finding(errors)) == []


def test_one_looser_limit_is_not_offered_where_others_broke_too():
    pace = result("tpot_ms", 31.0, 30.0, 32.0, level=4.0, q=0.95)

    assert list_flips(target_verdict("PPFF", at=4.0), SLO, [], finding(TOO_SLOW, LATE, pace)) == [
        "A pass: no more than 2 users."
    ]
