"""Tests of firsttoken/report/sentences.py."""

import pytest

from firsttoken.report.sentences import explain_failures, join_words, name_ends, write_percent


@pytest.mark.parametrize(
    ("words", "joined"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_words_are_joined_as_in_a_sentence(words, joined):
    assert join_words(words) == joined


def test_a_small_share_is_not_nothing():
    assert [write_percent(share) for share in (0.0, 0.004, 0.8)] == ["0 %", "under 1 %", "80 %"]


def test_of_many_targets_the_first_two_and_the_last_are_named():
    assert name_ends(["a", "b", "c"]) == "a, b and c"
    assert name_ends(["a", "b", "c", "d", "e"]) == "a, b … e (2 more between)"


def test_what_failed_follows_a_sentence_that_too_little_succeeded(study, empty_study):
    assert explain_failures(study).startswith(": ")
    assert " attempts failed, most often " in explain_failures(study)
    assert explain_failures(empty_study) == ""
