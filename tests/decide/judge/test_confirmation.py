"""What an open loop said of a search's answer."""

from firsttoken.decide.judge.confirmation import confirm
from firsttoken.decide.judge.level_study import study_level
from firsttoken.decide.measure.workload import WorkloadFacts
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


def test_the_share_of_the_open_loop_confirms_the_answer_or_not():
    confirmed, refuted = (confirm("model", 100.0, open_loop(1000 - failed, failed)) for failed in (0, 200))

    assert (confirmed.verdict, confirmed.share.value, confirmed.share.n) == ("PASS", 1.0, 1000)
    assert refuted.verdict == "FAIL"


def test_an_open_loop_that_was_void_confirms_nothing():
    assert confirm("model", 100.0, open_loop(1000, 0, missing=9)).verdict == "UNKNOWN"


def test_an_open_loop_that_was_never_measured_says_nothing():
    assert confirm("model", 100.0, open_loop(10, 0, window=None)) is None
