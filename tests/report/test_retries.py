"""Tests of firsttoken/report/retries.py: no sentence may say of retries what the policy does not do."""

import itertools

import pytest

from firsttoken.plan.retry import POLICIES, RETRIED, RetryPolicy, choose_backoff_ms
from firsttoken.report.retries import BEGUN, LIMITED_IN_STREAM, UNANSWERED, list_retried, write_policy
from firsttoken.row import Row
from firsttoken.scenario.retry import Retry, read_policy

UNTOUCHED = "answer of which a byte has arrived is not retried"
WORDS = (404, 429, 503, "5xx", "connect", "timeout", "truncated")
POLICIES_OF_MANY_KINDS = [
    *POLICIES.values(),
    read_policy(Retry(policy="custom")),
    *(
        RetryPolicy(max_retries=2, on=frozenset(words), only_unanswered=unanswered, heeds_advice=heeds)
        for count in (1, 2)
        for words in itertools.combinations(WORDS, count)
        for unanswered in (True, False)
        for heeds in (True, False)
    ),
]


def is_tried(policy, advice=None, **row):
    return choose_backoff_ms(policy, Row(attempt=1, **row), advice, 0.0) is not None


@pytest.mark.parametrize("policy", POLICIES_OF_MANY_KINDS)
def test_what_is_said_to_be_tried_again_is_what_the_policy_tries_again(policy):
    words, told = write_policy(policy), set(list_retried(policy))
    begun = {
        phrase: all(is_tried(policy, outcome=each, http_status=200, bytes_received=300) for each in outcomes)
        for phrase, outcomes in BEGUN.items()
    }
    unanswered = {
        phrase: all(is_tried(policy, outcome=each) for each in outcomes) for phrase, outcomes in UNANSWERED.items()
    }

    late = {
        phrase: all(is_tried(policy, outcome=each, http_status=200, bytes_received=300) for each in outcomes)
        for phrase, outcomes in LIMITED_IN_STREAM.items()
    }

    for phrase, tried in (begun | unanswered | late).items():
        assert (phrase in words) == (phrase in told) == tried
    for status in (404, 429):
        assert (str(status) in words) == is_tried(policy, http_status=status, outcome="http_4xx")
    assert ("5xx" in words) == all(is_tried(policy, http_status=status, outcome="http_5xx") for status in (500, 599))
    if told and policy.max_retries:
        assert (UNTOUCHED in words) == (not any(begun.values()))
        assert ("x-should-retry" in words) == is_tried(policy, True, http_status=400, outcome="http_4xx")


def test_a_policy_that_asks_again_after_the_first_byte_does_not_claim_otherwise():
    custom = read_policy(Retry(policy="custom", on=["truncated", "timeout"]))

    assert is_tried(custom, outcome="truncated", http_status=200, bytes_received=300)
    assert "an answer that ended too early" in write_policy(custom)
    assert UNTOUCHED not in write_policy(custom)


@pytest.mark.parametrize("policy", POLICIES_OF_MANY_KINDS)
def test_a_rate_limit_that_comes_after_a_token_is_tried_again_by_nobody(policy):
    assert not is_tried(policy, outcome="rate_limited", http_status=200, bytes_received=300, first_token_ns=1)


def test_policies_in_words(snapshot):
    own = Retry(policy="custom", max_retries=3, base="250ms", cap="4s", jitter=0.5, on=[429, "connect"], budget=0.1)
    policies = {
        "as the openai package": POLICIES["openai"],
        "none": POLICIES["none"],
        "its own, with all keys": read_policy(own),
        "once, without jitter": RetryPolicy(max_retries=1, jitter=0.0, on=frozenset({429})),
        "what the server says": RetryPolicy(max_retries=2, on=frozenset()),
    }
    snapshot("retries", {name: write_policy(policy) for name, policy in policies.items()})


def test_a_wait_longer_than_is_obeyed_ends_the_request_as_the_words_say():
    longer = Row(attempt=1, outcome="rate_limited", http_status=429, retry_after_ms=120_001)

    assert choose_backoff_ms(POLICIES["openai"], longer, None, 0.0) is None


@pytest.mark.parametrize(
    "policy",
    [
        POLICIES["none"],
        RetryPolicy(max_retries=0, on=frozenset({429})),
        RetryPolicy(max_retries=2, on=frozenset(), heeds_advice=False),
    ],
)
def test_no_retries_are_told_as_none(policy):
    assert write_policy(policy) == write_policy(POLICIES["none"])


def test_every_word_that_a_scenario_may_hold_is_told():
    policy = read_policy(Retry(policy="custom", on=list(RETRIED)))

    assert len(list(list_retried(policy))) >= len(RETRIED)
