"""What an open loop said of a search's answer."""

import pytest

from firsttoken.decide.judge.confirmation import confirm
from firsttoken.decide.judge.level_study import study_level
from firsttoken.decide.measure.workload import WorkloadFacts
from firsttoken.decide.words.load_unit import REQUESTS
from tests.decide.hand import build_window, healthy, row


def open_loop(kept: int, broken: int, **stage: object):
    """A stage of 100 requests a second, of which so many failed."""
    rows = [
        row(
            f"r{n}", user=n, intended=n * 10, first=n * 10 + 5, last=n * 10 + 9, output=9,
            outcome="http_5xx" if broken and n % ((kept + broken) // broken) == 0 else "ok",
        )
        for n in range(kept + broken)
    ]  # fmt: skip
    data = build_window(rows, by="rate", level=100.0, **stage)
    return study_level([data], healthy(*range(1, 20)), WorkloadFacts())


@pytest.mark.parametrize(
    ("kept", "broken", "verdict", "words"),
    [
        (1000, 0, "PASS", "Confirmed in open loop at 100 requests/s: 100 % (99.6 to 100 %) met the SLO."),
        (800, 200, "FAIL", "Not confirmed in open loop at 100 requests/s: 80 % ("),
        (950, 50, "UNKNOWN", "Undecided in open loop at 100 requests/s: 95 % ("),
    ],
)
def test_the_answer_is_confirmed_or_not_in_one_sentence(kept, broken, verdict, words):
    confirmation = confirm("model", 100.0, open_loop(kept, broken), REQUESTS)

    assert confirmation.verdict == verdict
    assert confirmation.words.startswith(words)


def test_an_open_loop_that_was_void_confirms_nothing():
    confirmation = confirm("model", 100.0, open_loop(1000, 0, missing=9), REQUESTS)

    assert confirmation.verdict == "UNKNOWN"
    assert confirmation.words.startswith("The open loop at 100 requests/s was discarded. Rows are missing")


def test_an_open_loop_that_was_never_measured_says_nothing():
    assert confirm("model", 100.0, open_loop(10, 0, window=None), REQUESTS) is None
