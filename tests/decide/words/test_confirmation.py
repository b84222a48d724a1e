"""The sentence on an open loop that was to confirm a search's answer."""

from dataclasses import replace

import pytest

from firsttoken.decide.judge.confirmation import Confirmation
from firsttoken.decide.judge.confirmation import confirm as judge
from firsttoken.decide.words.confirmation import word_confirmation
from firsttoken.decide.words.evidence import word_flag
from firsttoken.decide.words.load_unit import REQUESTS
from tests.decide.judge.test_confirmation import open_loop


def confirm(kept: int, broken: int, **stage: object) -> Confirmation:
    level = open_loop(kept, broken, **stage)
    return word_confirmation(judge("model", 100.0, replace(level, flags=list(map(word_flag, level.flags)))), REQUESTS)


@pytest.mark.parametrize(
    ("kept", "broken", "verdict", "words"),
    [
        (1000, 0, "PASS", "Confirmed in open loop at 100 requests/s: 100 % (99.6 to 100 %) met the SLO."),
        (800, 200, "FAIL", "Not confirmed in open loop at 100 requests/s: 80 % ("),
        (950, 50, "UNKNOWN", "Undecided in open loop at 100 requests/s: 95 % ("),
    ],
)
def test_the_answer_is_confirmed_or_not_in_one_sentence(kept, broken, verdict, words):
    confirmation = confirm(kept, broken)

    assert confirmation.verdict == verdict
    assert confirmation.words.startswith(words)


def test_an_open_loop_that_was_void_confirms_nothing():
    confirmation = confirm(1000, 0, missing=9)

    assert confirmation.verdict == "UNKNOWN"
    assert confirmation.words.startswith("The open loop at 100 requests/s was discarded. Rows are missing")
