"""The exit code says what page one says."""

from typing import get_args

import pytest

from firsttoken.decide.judge.exit_code import EXIT_CODES, find_exit_code
from firsttoken.decide.judge.ruling import Word


@pytest.mark.parametrize(("word", "code"), [("GO", 0), ("PROFILE", 0), ("NO-GO", 2), ("UNKNOWN", 4)])
def test_every_word_of_page_one_has_its_code(word, code):
    assert find_exit_code([word]) == code
    assert set(EXIT_CODES) == set(get_args(Word))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["GO", "PROFILE"], 0),
        (["GO", "NO-GO"], 2),
        (["NO-GO", "UNKNOWN"], 4),
        (["UNKNOWN", "GO"], 4),
        ([], 4),
    ],
)
def test_of_several_targets_the_worst_decides_and_nothing_known_is_worse_than_a_no(words, code):
    assert find_exit_code(words) == code


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ({"worker_lost": True}, 4),
        ({"failed": True}, 1),
        ({"interrupted": True}, 130),
        ({"worker_lost": True, "failed": True}, 1),
        ({"worker_lost": True, "failed": True, "interrupted": True}, 130),
    ],
)
@pytest.mark.parametrize("word", ["GO", "NO-GO", "UNKNOWN"])
def test_how_a_run_ended_goes_before_what_it_found(word, broken, code):
    assert find_exit_code([word], **broken) == code
