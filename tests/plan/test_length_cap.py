"""The cap on an answer's length."""

import pytest

from firsttoken.plan.length_cap import explain_excess, find_most, name_cap
from firsttoken.scenario.target import Target


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"api": "chat"}, "max_completion_tokens"),
        ({"api": "completions"}, "max_tokens"),
        ({"api": "responses"}, "max_output_tokens"),
        ({"omit": ["max_completion_tokens"], "extra_body": {"max_tokens": 128}}, "max_tokens"),
        ({"omit": ["max_completion_tokens"]}, ""),
    ],
)
def test_the_field_that_sends_the_cap_is_named(told, field):
    assert name_cap(Target(model="m", base_url="http://127.0.0.1:1/v1", **told)) == field


def test_a_token_or_two_are_a_way_of_counting():
    assert 18 < find_most(16) < 20
    assert 1000 < find_most(1000) < 1100


def test_who_is_to_blame_depends_on_whether_a_cap_was_sent():
    assert explain_excess("max_tokens") == "the server ignores max_tokens"
    assert explain_excess("") == "the request has no cap (omit)"
