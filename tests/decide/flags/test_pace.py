"""Whether an SLO of a pace can be held against the answers."""

import pytest

from firsttoken.decide.flags.cut_off import find_censored
from firsttoken.decide.flags.pace import find_unknown_pace
from firsttoken.decide.measure.slo import SloLimits
from firsttoken.row import BUFFERED, Row
from tests.decide.hand import build_window, facts_of, row, said

PACE = SloLimits({"tpot_ms": 20.0}, 0.95)


def answer(number: int, output: int | None = 100, **fields: object) -> Row:
    return row(
        f"r{number:03}", intended=number, first=number + 50, last=number + 900, output=output, token_events=90, **fields
    )


@pytest.mark.parametrize(
    ("reported", "cause"),
    [({"output": None}, "reported no usage"), ({"checks": [BUFFERED]}, "came in one burst")],
)
def test_answers_without_a_known_pace_are_told_with_the_cause(reported, cause):
    found = find_unknown_pace(build_window([answer(n, **reported) for n in range(9)], PACE))

    assert said(found).startswith("The pace (slo.tpot) of 100 % of answers is unknown")
    assert f"as they {cause};" in said(found)


def test_a_pace_that_is_known_or_not_promised_needs_no_word():
    assert find_unknown_pace(build_window([answer(n) for n in range(9)], PACE)) is None
    assert (
        find_unknown_pace(build_window([answer(n, output=None) for n in range(9)], SloLimits({"ttft_ms": 100.0}, 0.95)))
        is None
    )


def test_what_was_cut_off_is_reported_as_cut_off():
    cut = row("cut", intended=0, first=50, end=4000, outcome="cancelled_by_run")
    data = build_window([cut], PACE)

    assert find_unknown_pace(data) is None
    assert "Cut off before their end: 1 of 1" in said(find_censored(facts_of(data)))


def test_answers_without_a_pace_are_not_told_as_cut_off():
    data = build_window([answer(n, output=None) for n in range(9)], PACE)

    assert find_censored(facts_of(data)) is None
