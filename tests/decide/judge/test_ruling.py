"""Which level decides, and what page one says of it."""

from dataclasses import replace

import pytest

from firsttoken.decide.judge.capacity import judge_level
from firsttoken.decide.judge.ruling import TargetVerdict, judge_target
from firsttoken.decide.measure.demand import Need
from tests.decide.hand import result
from tests.decide.judge.test_capacity import ladder

ALL_TWICE = {1.0: 2, 2.0: 2, 4.0: 2, 8.0: 2}


def target_verdict(marks: str, at: float | None = None, need: Need | None = None, repeats: int = 2) -> TargetVerdict:
    return judge_target(ladder(marks), at, need, dict.fromkeys(ALL_TWICE, repeats))


@pytest.mark.parametrize(
    ("marks", "level", "word"),
    [
        ("PPFF", 2, "PROFILE"),
        ("??PF", 4, "PROFILE"),
        ("FFFF", 1, "NO-GO"),
        ("FPPP", 1, "NO-GO"),
        ("???F", 4, "PROFILE"),
        ("?FFF", 1, "PROFILE"),
    ],
)
def test_without_a_stated_need_the_highest_level_that_meets_the_slo_makes_a_profile(marks, level, word):
    """Unless already the lowest breaks it."""
    decided = target_verdict(marks)

    assert (decided.deciding.level, decided.word) == (level, word)


@pytest.mark.parametrize(("at", "word"), [(2.0, "GO"), (4.0, "NO-GO"), (8.0, "UNKNOWN")])
def test_a_named_level_decides(at, word):
    assert target_verdict("PPF?", at=at).word == word


@pytest.mark.parametrize(
    ("marks", "level", "word"),
    [
        ("PPPF", 4.0, "GO"),
        ("PPFF", 4.0, "NO-GO"),
        ("PP?F", 4.0, "UNKNOWN"),
        ("PPPP", None, "UNKNOWN"),
        ("PPFF", None, "NO-GO"),
    ],
)
def test_a_peak_is_decided_at_the_lowest_level_that_offers_it(marks, level, word):
    """Where no level offers it, nobody can tell, unless already a lower load fails."""
    assert target_verdict(marks, need=Need(3.0, level, 5.0)).word == word


def test_a_named_level_goes_before_a_peak():
    assert target_verdict("PPFF", at=2.0, need=Need(3.0, 4.0, 5.0)).word == "GO"


def test_one_repeat_is_never_a_go_but_may_be_a_no_go():
    assert target_verdict("PPFF", at=2.0, repeats=1).word == "UNKNOWN"
    assert target_verdict("PPFF", need=Need(3.0, 2.0, 5.0), repeats=1).word == "UNKNOWN"
    assert target_verdict("PPFF", at=4.0, repeats=1).word == "NO-GO"


def test_nothing_measured_is_unknown():
    nothing = judge_target([], None, None, {})

    assert (nothing.word, nothing.deciding, nothing.repeats) == ("UNKNOWN", None, 0)


def test_without_a_stated_need_a_single_repeat_is_a_profile_too():
    assert target_verdict("PPFF", repeats=1).word == "PROFILE"


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ({"voided_by": ["CLIENT_LIMITED"]}, "UNKNOWN"),
        ({"barred_by": ["BUFFERED"]}, "UNKNOWN"),
        ({"unpaced": True}, "PROFILE"),
    ],
)
def test_a_level_that_cannot_pass_is_no_profile(bad, word):
    """An unknown pace matters only where it left the level undecided."""
    passes = judge_level(result("attainment", 1.0, 0.96, 1.0, level=1.0, n=100), 0.95, **bad)

    assert judge_target([passes], None, None, {1.0: 3}).word == word


def test_a_level_of_unknown_pace_or_without_a_request_is_no_profile():
    unpaced = judge_level(result("attainment", 0.0, 0.0, 1.0, level=1.0, n=100), 0.95, unpaced=True)
    empty = judge_level(result("attainment", None, level=1.0, n=0), 0.95)

    assert [judge_target([level], None, None, {1.0: 3}).word for level in (unpaced, empty)] == ["UNKNOWN", "UNKNOWN"]


def test_an_answer_that_an_open_loop_refutes_is_neither_a_go_nor_a_profile():
    """A gate in CI must not pass on what a closed loop alone could carry."""
    assert replace(target_verdict("PPFF"), refuted=True).word == "UNKNOWN"
    assert replace(target_verdict("PPFF", at=2.0), refuted=True).word == "UNKNOWN"
