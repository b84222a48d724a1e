"""Levels, and the bracket between them."""

import pytest

from firsttoken.decide.judge.capacity import Bracket, LevelVerdict, find_bracket, judge_level
from tests.decide.hand import result

MARKS = {"P": (1.0, 0.96, 1.0), "F": (0.4, 0.3, 0.5), "?": (0.96, 0.9, 0.99)}


def ladder(marks: str) -> list[LevelVerdict]:
    """Levels 1, 2, 4 ... that pass, fail or do neither."""
    return [
        judge_level(result("attainment", *MARKS[mark], level=float(2**place)), 0.95) for place, mark in enumerate(marks)
    ]


@pytest.mark.parametrize(
    ("lo", "hi", "verdict"),
    [
        (0.95, 1.0, "PASS"),
        (0.949, 1.0, "UNKNOWN"),
        (0.5, 0.95, "UNKNOWN"),
        (0.5, 0.949, "FAIL"),
        (None, None, "UNKNOWN"),
    ],
)
def test_a_level_is_judged_by_the_ends_of_its_interval(lo, hi, verdict):
    assert judge_level(result("attainment", 0.95, lo, hi), 0.95).verdict == verdict


@pytest.mark.parametrize("ends", [(0.99, 1.0), (0.1, 0.2)])
def test_a_void_level_neither_passes_nor_fails(ends):
    assert judge_level(result("attainment", 0.99, *ends), 0.95, ["NOT_DELIVERED"]).verdict == "UNKNOWN"


def test_a_flag_that_voids_the_pass_leaves_a_failure_as_it_is():
    passes, fails = result("attainment", 0.99, 0.97, 1.0), result("attainment", 0.5, 0.4, 0.6)
    assert judge_level(passes, 0.95, barred_by=["BUFFERED"]).verdict == "UNKNOWN"
    assert judge_level(passes, 0.95, barred_by=["BUFFERED"]).barred_by == ("BUFFERED",)
    assert judge_level(fails, 0.95, barred_by=["BUFFERED"]).verdict == "FAIL"
    assert judge_level(fails, 0.95, barred_by=["BUFFERED"]).barred_by == ()


def test_a_level_that_is_undecided_is_barred_from_passing_too():
    """More requests would not make it pass."""
    assert judge_level(result("attainment", 0.96, 0.9, 0.99), 0.95, barred_by=["BUFFERED"]).barred_by == ("BUFFERED",)


@pytest.mark.parametrize(
    ("marks", "bracket"),
    [
        ("PPFF", Bracket(2, 4, 8)),
        ("PPPP", Bracket(8, None, 8)),
        ("FFFF", Bracket(None, 1, 8)),
        ("??PF", Bracket(4, 8, 8)),
        ("PP?F", Bracket(2, 8, 8)),
        ("PFPF", Bracket(1, 2, 8)),
        ("FPPP", Bracket(None, 1, 8)),
        ("????", Bracket(None, None, 8)),
    ],
)
def test_the_bracket_is_the_last_pass_below_the_first_fail(marks, bracket):
    assert find_bracket(ladder(marks)) == bracket


def test_no_levels_have_no_bracket():
    assert find_bracket([]) is None
