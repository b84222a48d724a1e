"""The words of a decision."""

import re

import msgspec
import pytest

from firsttoken.decide.flags.validity import Flag
from firsttoken.decide.judge.capacity import judge_level
from firsttoken.decide.judge.ruling import Ruling, rule
from firsttoken.decide.measure.demand import Need
from firsttoken.decide.metrics.metric import Figure, Find
from firsttoken.decide.words.reasons import explain, list_flips
from firsttoken.scenario.format import Slo
from tests.decide.hand import figure
from tests.decide.judge.test_capacity import ladder

SLO = Slo(ttft="1.5s", tpot="20ms")
VOIDING = Flag(
    name="CLIENT_LIMITED", scope="level", target="m", level=1.0, repeat=0, voids="both", evidence="It froze for 70 ms."
)


def finding(*figures: Figure) -> Find:
    known = {(each.metric, each.level, each.q): each for each in figures}
    return lambda metric, level, q: known.get((metric, level, q))


def ruling(marks: str, at: float | None = None, need: Need | None = None, repeats: int = 2) -> Ruling:
    return rule(ladder(marks), at, need, dict.fromkeys((1.0, 2.0, 4.0, 8.0), repeats))


def why(decided: Ruling, *figures: Figure) -> str:
    return explain(decided, 0.95, [VOIDING], finding(*figures))


TOO_SLOW = figure("broken_by_tpot_share", 0.5, level=4.0)
LATE = figure("broken_by_ttft_share", 0.1, level=4.0)


@pytest.mark.parametrize(
    ("decided", "text"),
    [
        (
            ruling("PPFF"),
            "At 2 users 100 % of requests kept the promise; at least 95 % must. At 4 users only 40 % did.",
        ),
        (ruling("PP"), "At 2 users 100 % of requests kept the promise; at least 95 % must. No tested load broke it."),
        (
            ruling("PP??"),
            "At 2 users 100 % of requests kept the promise; at least 95 % must. Above 2 users that is not shown.",
        ),
        (
            ruling("PP", repeats=1),
            "At 2 users 100 % of requests kept the promise; at least 95 % must. "
            "It was measured once, which is an indication and not yet a decision.",
        ),
        (
            ruling("PPFF", at=4.0),
            "At 4 users only 40 % of requests kept the promise; at least 95 % must. "
            "Most of the others were written too slowly; it holds up to 2 users.",
        ),
        (
            ruling("??"),
            "At 2 users 96 % of requests kept the promise; at least 95 % must. "
            "The true share may be anywhere from 90 to 99 %.",
        ),
        (
            ruling("PPFF", need=Need(9.0, None, 30.0)),
            "The peak with its headroom needs 9.00 requests a second, about 30 users; the tested loads offered less. "
            "Already 4 users broke the promise.",
        ),
        (
            ruling("PP", need=Need(9.0, None, 30.0)),
            "The peak with its headroom needs 9.00 requests a second, about 30 users; the tested loads offered less. "
            "So nothing can be said of the promise there.",
        ),
        (
            ruling("??", need=Need(9.0, None, None)),
            "No request began in a measure window. So load.measure is too short to say anything.",
        ),
        (
            rule([], None, None, {}),
            "No load was measured to its end. So nothing can be said of the promise.",
        ),
    ],
)
def test_why_is_two_plain_sentences(decided, text):
    assert why(decided, TOO_SLOW, LATE) == text
    assert len(re.findall(r"[.!?](?: |$)", text)) == 2


def test_a_level_that_too_few_requests_reached_says_how_many_are_needed():
    few = judge_level(figure("attainment", 1.0, 0.8, 1.0, level=1.0, n=17), 0.95)

    assert why(rule([few], None, None, {1.0: 1})).endswith(
        "It rests on 17 requests, and at least 72 are needed to be sure."
    )


def test_answers_without_a_pace_are_not_asked_to_be_more():
    unpaced = msgspec.structs.replace(VOIDING, name="PACE_UNKNOWN", voids="nothing", evidence="Nobody knows the pace.")
    unknown = judge_level(figure("attainment", 0.0, 0.0, 1.0, level=1.0, n=24, flags=("CENSORED",)), 0.95)
    decided = rule([unknown], None, None, {1.0: 1})

    assert explain(decided, 0.95, [unpaced], finding()) == (
        "At 1 user at least 0 % of requests kept the promise; at least 95 % must. Nobody knows the pace."
    )
    assert list_flips(decided, SLO, [unpaced], finding()) == [
        "An answer: a server that tells its usage and holds no stream back, or a promise without slo.tpot."
    ]


def test_where_nothing_was_measured_no_share_is_told():
    nothing = judge_level(figure("attainment", None, level=1.0, n=0), 0.95)
    decided = rule([nothing], None, None, {1.0: 1})

    assert why(decided) == "At 1 user no request was measured. So nothing can be said of the promise there."


def test_a_void_level_says_what_voids_it():
    void = judge_level(figure("attainment", 1.0, 0.97, 1.0, level=1.0), 0.95, ["CLIENT_LIMITED"])
    decided = rule([void], None, None, {1.0: 1})

    assert why(decided) == "The measurement at 1 user does not count. It froze for 70 ms."
    assert list_flips(decided, SLO, [], finding()) == ["An answer: a load machine with time to spare."]


def test_a_share_of_which_some_was_cut_off_is_at_least_so_much():
    cut = judge_level(figure("attainment", 0.96, 0.9, 0.99, level=1.0, flags=("CENSORED",)), 0.95)

    assert why(rule([cut], None, None, {1.0: 2})).startswith("At 1 user at least 96 % of requests")


@pytest.mark.parametrize(
    ("decided", "flips"),
    [
        (
            ruling("PPFF", at=2.0, repeats=1),
            ["A GO: two more repeats that agree (load.repeats = 3).", "A NO-GO: a load of 4 users."],
        ),
        (
            ruling("PPFF", repeats=1),
            [
                "A decision: a need that is stated (slo.at or demand.peak_rps).",
                "A firm profile: two more repeats that agree (load.repeats = 3).",
                "A NO-GO: a load of 4 users.",
            ],
        ),
        (ruling("PP", at=2.0), ["A NO-GO: a higher load than was tested."]),
        (ruling("PP?", at=2.0), ["A NO-GO: a load above 2 users, where nothing is shown."]),
        (
            ruling("PPFF", at=4.0),
            ["A pass: no more than 2 users.", "A pass at 4 users: slo.tpot at 32.0 ms instead of 20.0 ms."],
        ),
        (ruling("??"), ["An answer: more requests at 2 users (load.measure)."]),
        (ruling("PP", need=Need(9.0, None, 30.0)), ["An answer: a load of about 30 users (load.users)."]),
    ],
)
def test_what_would_flip_the_decision_is_something_one_can_do(decided, flips):
    pace = figure("tpot_ms", 31.0, 30.0, 32.0, level=4.0, q=0.95)

    assert list_flips(decided, SLO, [], finding(TOO_SLOW, pace)) == flips


def test_errors_are_not_cured_by_a_looser_limit():
    errors = figure("broken_by_error_share", 0.9, level=1.0)

    assert list_flips(ruling("F", at=1.0), SLO, [], finding(errors)) == []


def test_one_looser_limit_is_not_offered_where_others_broke_too():
    pace = figure("tpot_ms", 31.0, 30.0, 32.0, level=4.0, q=0.95)

    assert list_flips(ruling("PPFF", at=4.0), SLO, [], finding(TOO_SLOW, LATE, pace)) == [
        "A pass: no more than 2 users."
    ]
