"""Tests of firsttoken/decide/words/failure_words.py."""

import pytest

from firsttoken.decide.measure.failures import Failure
from firsttoken.decide.words.failure_words import describe_failures, shorten


def failure(**reported):
    plain = {
        "target": "m", "outcome": "http_5xx", "status": 502, "words": "Bad Gateway", "example": "Bad Gateway",
        "count": 20, "measured": 18, "first_ns": 1, "last_ns": 2, "stages": {0: 20},
    }  # fmt: skip
    return Failure(**plain | reported)


def test_the_most_frequent_failure_is_told_with_its_words():
    reported = describe_failures([failure(), failure(outcome="connect", status=None, words="", count=14)], 200)

    assert reported == '34 of 200 attempts failed, most often http_5xx 502 on m: "Bad Gateway" (20 times)'


def test_one_kind_of_failure_is_not_called_the_most_frequent():
    assert describe_failures([failure(count=1)], 9) == '1 of 9 attempts failed, http_5xx 502 on m: "Bad Gateway"'


def test_where_nothing_was_said_nothing_is_quoted():
    assert describe_failures([failure(outcome="connect", status=None, words="", count=3)], 9).endswith("connect on m")


def test_where_nothing_failed_there_is_nothing_to_say():
    assert describe_failures([], 9) == ""


@pytest.mark.parametrize(
    ("words", "shown"),
    [("short", "short"), ("one two three", "one two …"), ("a" * 20, "a" * 10 + " …"), ("one, two three", "one, two …")],
)
def test_long_words_are_cut_between_words(words, shown):
    assert shorten(words, 10) == shown
