"""How answers ended: for reasons that nobody knows, or past the cap on their length."""

import pytest

from firsttoken.decide.flags.endings import find_ignored_cap, find_impossible_usage, find_unknown_finish
from firsttoken.decide.measure.workload import WorkloadFacts
from firsttoken.row import UNKNOWN_FINISH, USAGE_IMPOSSIBLE, Row
from tests.decide.hand import build_window, row, said


def ended(number: int, reason: str = "stop") -> Row:
    checks = [] if reason == "stop" else [UNKNOWN_FINISH]
    return row(f"r{number:03}", intended=number, first=number + 5, last=number + 9, finish_reason=reason, checks=checks)


@pytest.mark.parametrize(("unknown", "reported"), [(0, False), (1, False), (2, True)])
def test_one_answer_in_a_hundred_may_end_for_a_reason_that_nobody_knows(unknown, reported):
    rows = [ended(n, "wound_down" if n < unknown else "stop") for n in range(100)]

    assert (find_unknown_finish(build_window(rows)) is not None) == reported


def wrote(number: int, output: int | None, asked: int | None = 16, **fields: object) -> Row:
    at = {"intended": number, "first": number + 5, "last": number + 900}
    return row(f"r{number:03}", output=output, asked_output_tokens=asked, **at, **fields)


def cap(*rows: Row) -> str:
    return said(find_ignored_cap(build_window(rows), WorkloadFacts()))


IMPOSSIBLE = [row(f"r{n}", intended=n, first=n + 5, last=n + 9, checks=[USAGE_IMPOSSIBLE] * (n < 2)) for n in range(5)]
CAP = WorkloadFacts(cap_key="max_completion_tokens")
SHOWN = {
    "an unknown finish reason": find_unknown_finish(build_window([ended(0, "wound_down"), ended(1), ended(2)])),
    "many unknown finish reasons": find_unknown_finish(build_window([ended(n, f"odd{n}") for n in range(5)])),
    "impossible counts of tokens": find_impossible_usage(build_window(IMPOSSIBLE)),
    "a cap that is ignored": find_ignored_cap(build_window([wrote(n, 200) for n in range(9)]), CAP),
    "a cap that is ignored now and then": find_ignored_cap(
        build_window([wrote(n, 200 if n < 3 else 16) for n in range(10)]), CAP
    ),
}
"""Evidence of flags, by what shows it; its words are in the snapshot of flags."""


def test_what_decides_is_the_share_of_unknown_reasons_and_the_two_lengths():
    unknown, ignored = SHOWN["an unknown finish reason"], SHOWN["a cap that is ignored"]

    assert (unknown.value, unknown.bound) == (pytest.approx(1 / 3), 0.01)
    assert (ignored.value, ignored.bound) == (200, 16)


def test_counts_that_are_possible_are_no_flag():
    assert find_impossible_usage(build_window(IMPOSSIBLE[2:])) is None


def test_the_cap_is_named_as_the_api_names_it():
    found = find_ignored_cap(build_window([wrote(0, 200)]), WorkloadFacts(cap_key="max_output_tokens"))

    assert "max_output_tokens" in said(found)


@pytest.mark.parametrize("output", [3, 16, 18])
def test_answers_within_their_cap_or_a_token_past_it_are_as_asked(output):
    assert cap(*(wrote(n, output) for n in range(9))) == ""


def test_one_long_answer_in_twenty_is_chance():
    assert cap(*(wrote(n, 200 if n < 1 else 16) for n in range(20))) == ""


def test_reasoning_beside_the_cap_is_not_held_against_it():
    assert cap(*(wrote(n, 200, reasoning_tokens=190) for n in range(9))) == ""


@pytest.mark.parametrize("lengths", [{"output": None}, {"output": 200, "asked": None}])
def test_without_both_lengths_nothing_is_said(lengths):
    assert cap(*(wrote(n, **lengths) for n in range(9))) == ""
