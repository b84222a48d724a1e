"""Which level decides, what follows, and the exit code."""

from dataclasses import replace

import pytest

from firsttoken.decide.demand import Need
from firsttoken.decide.ruling import Ruling, exit_code, rule
from tests.decide.test_capacity import ladder

ALL_TWICE = {1.0: 2, 2.0: 2, 4.0: 2, 8.0: 2}


def ruling(marks: str, at: float | None = None, need: Need | None = None, repeats: int = 2) -> Ruling:
    return rule(ladder(marks), at, need, dict.fromkeys(ALL_TWICE, repeats))


@pytest.mark.parametrize(
    ("marks", "level", "word"),
    [
        ("PPFF", 2, "GO"),
        ("??PF", 4, "GO"),
        ("FFFF", 1, "NO-GO"),
        ("FPPP", 1, "NO-GO"),
        ("???F", 4, "UNKNOWN"),
    ],
)
def test_without_a_named_level_the_highest_that_keeps_the_promise_decides(marks, level, word):
    decided = ruling(marks)

    assert (decided.deciding.level, decided.word) == (level, word)


@pytest.mark.parametrize(("at", "word"), [(2.0, "GO"), (4.0, "NO-GO"), (8.0, "UNKNOWN")])
def test_a_named_level_decides(at, word):
    assert ruling("PPF?", at=at).word == word


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
    assert ruling(marks, need=Need(3.0, level, 5.0)).word == word


def test_a_named_level_goes_before_a_peak():
    assert ruling("PPFF", at=2.0, need=Need(3.0, 4.0, 5.0)).word == "GO"


def test_one_repeat_is_never_a_go_but_may_be_a_no_go():
    assert ruling("PPFF", repeats=1).word == "UNKNOWN"
    assert ruling("PPFF", at=4.0, repeats=1).word == "NO-GO"


def test_nothing_measured_is_unknown():
    nothing = rule([], None, None, {})

    assert (nothing.word, nothing.deciding, nothing.repeats) == ("UNKNOWN", None, 0)


@pytest.mark.parametrize(
    ("ladders", "at", "code"),
    [
        (["PPFF"], None, 0),
        (["??PF"], None, 0),
        (["FFFF"], None, 2),
        (["F?FF"], None, 2),
        (["??FF"], None, 4),
        (["PPFF", "PFFF"], None, 0),
        (["PPFF", "FFFF"], None, 2),
        (["FFFF", "????"], None, 4),
        (["PPFF"], 2.0, 0),
        (["PPFF"], 4.0, 2),
        (["PP?F"], 4.0, 4),
        (["PPFF", "PPPF"], 4.0, 2),
        ([], None, 4),
    ],
)
def test_the_exit_code_is_the_worst_of_the_targets(ladders, at, code):
    assert exit_code([ruling(marks, at=at) for marks in ladders], at) == code


def test_an_answer_that_an_open_loop_refutes_is_a_promise_that_failed():
    """A gate in CI must not pass on what a closed loop alone could carry."""
    kept = ruling("PPFF")

    assert exit_code([kept], None) == 0
    assert exit_code([replace(kept, refuted=True)], None) == 2


def test_one_repeat_that_passes_exits_0():
    """The promise held where it was looked at; that it is only an indication is the report's to say."""
    assert exit_code([ruling("PPFF", repeats=1)], None) == 0
