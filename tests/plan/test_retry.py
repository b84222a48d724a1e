"""The retry policy: what the openai package would do, or what a scenario writes, decided from the row alone."""

from typing import get_args

import pytest

from firsttoken.plan.retry import POLICIES, RETRIED, RetryBudget, RetryPolicy, choose_backoff_ms
from firsttoken.row import OUTCOMES, RetryWord, Row

OPENAI = POLICIES["openai"]


def failed(status: int | None = 503, **fields: object) -> Row:
    outcome = {429: "rate_limited", None: "connect"}.get(status, "http_5xx" if status and status >= 500 else "http_4xx")
    return Row(**({"attempt": 1, "http_status": status, "outcome": outcome} | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_it_tries_again_on_what_may_pass(status: int) -> None:
    assert choose_backoff_ms(OPENAI, failed(status), None, 0.0) == 500


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_it_gives_up_on_what_will_not_pass(status: int) -> None:
    assert choose_backoff_ms(OPENAI, failed(status), None, 0.0) is None


def test_it_tries_again_when_no_connection_was_made() -> None:
    assert choose_backoff_ms(OPENAI, failed(None), None, 0.0) == 500


@pytest.mark.parametrize("outcome", ["truncated", "error_in_stream", "idle_timeout"])
def test_it_never_tries_again_once_an_answer_has_begun(outcome: str) -> None:
    begun = failed(200, outcome=outcome, bytes_received=300)

    assert choose_backoff_ms(OPENAI, begun, None, 0.0) is None


def test_it_makes_two_retries_each_waiting_twice_as_long() -> None:
    waits = [choose_backoff_ms(OPENAI, failed(attempt=attempt), None, 0.0) for attempt in (1, 2, 3)]

    assert waits == [500, 1000, None]


def test_jitter_takes_up_to_a_quarter_off() -> None:
    assert choose_backoff_ms(OPENAI, failed(), None, 1.0) == 375


@pytest.mark.parametrize(("after_ms", "wait_ms"), [(1500.0, 1500), (120_000.0, 120_000), (0.0, 500)])
def test_retry_after_is_obeyed_to_the_letter(after_ms: float, wait_ms: float) -> None:
    assert choose_backoff_ms(OPENAI, failed(429, retry_after_ms=after_ms), None, 0.5 if after_ms else 0.0) == wait_ms


def test_a_retry_after_beyond_two_minutes_gives_up() -> None:
    assert choose_backoff_ms(OPENAI, failed(429, retry_after_ms=120_001.0), None, 0.0) is None


@pytest.mark.parametrize(("status", "should_retry", "wait_ms"), [(400, True, 500), (503, False, None)])
def test_the_servers_own_word_wins(status: int, should_retry: bool, wait_ms: float | None) -> None:
    assert choose_backoff_ms(OPENAI, failed(status), should_retry, 0.0) == wait_ms


def test_no_policy_never_tries_again() -> None:
    assert choose_backoff_ms(POLICIES["none"], failed(), True, 0.0) is None


# -- a policy of one's own --------------------------------------------------------------------------------------------

CUSTOM = RetryPolicy(max_retries=5, only_unanswered=False, heeds_advice=False)


def on(*words: int | str) -> RetryPolicy:
    return RetryPolicy(max_retries=5, on=frozenset(words), only_unanswered=False, heeds_advice=False)


def tries_again(policy: RetryPolicy, row: Row, should_retry: bool | None = None) -> bool:
    return choose_backoff_ms(policy, row, should_retry, 0.0) is not None


@pytest.mark.parametrize(
    ("word", "status", "outcome"),
    [
        (429, 429, "rate_limited"),
        (404, 404, "http_4xx"),
        ("5xx", 503, "http_5xx"),
        ("connect", None, "connect"),
        ("timeout", None, "deadline"),
        ("timeout", 200, "idle_timeout"),
        ("truncated", 200, "truncated"),
    ],
)
def test_it_tries_again_on_just_what_its_list_names(word: int | str, status: int | None, outcome: str) -> None:
    row = failed(status, outcome=outcome)
    words: set[int | str] = {429, 404, "5xx", "connect", "timeout", "truncated"}

    assert tries_again(on(word), row)
    assert not tries_again(on(*(words - {word})), row)


def test_it_may_ask_again_after_a_stream_that_broke_off_if_it_says_so() -> None:
    begun = failed(200, outcome="truncated", bytes_received=300)

    assert tries_again(on("truncated"), begun)
    assert not tries_again(OPENAI, begun)


@pytest.mark.parametrize("status", [200, 403, 503, 429])
def test_a_rate_limit_is_tried_again_as_a_429_whatever_the_status_that_told_it(status: int) -> None:
    refused = failed(status, outcome="rate_limited", bytes_received=300, retry_after_ms=1_500.0)

    assert choose_backoff_ms(OPENAI, refused, None, 0.0) == 1_500
    assert tries_again(on(429), refused)
    assert tries_again(on(404), refused) is False


@pytest.mark.parametrize("policy", [OPENAI, CUSTOM])
def test_a_rate_limit_that_comes_after_tokens_is_not_tried_again(policy: RetryPolicy) -> None:
    assert not tries_again(policy, failed(200, outcome="rate_limited", bytes_received=300, first_token_ns=5))


def test_the_words_of_a_scenario_are_those_that_an_outcome_is_tried_again_by() -> None:
    words = {facts.retried for facts in OUTCOMES.values()} - {None, 429}

    assert words == set(get_args(RetryWord))
    assert set(RETRIED) | words == OPENAI.on


def test_an_error_in_the_stream_is_no_word_of_any_list() -> None:
    assert not tries_again(CUSTOM, failed(200, outcome="error_in_stream"))


@pytest.mark.parametrize("should_retry", [True, False])
def test_its_list_stands_whatever_the_server_advises(should_retry: bool) -> None:
    assert tries_again(on(503), failed(503), should_retry)
    assert not tries_again(on(429), failed(503), should_retry)


def test_full_jitter_may_wait_not_at_all_and_the_cap_bounds_the_rest() -> None:
    policy = RetryPolicy(max_retries=9, base_s=1.0, cap_s=3.0, jitter=1.0)

    assert choose_backoff_ms(policy, failed(attempt=2), None, 0.25) == 1_500
    assert choose_backoff_ms(policy, failed(attempt=8), None, 0.5) == 1_500


# -- how many of them -------------------------------------------------------------------------------------------------


def test_in_an_outage_no_more_than_its_share_of_requests_is_tried_again() -> None:
    budget = RetryBudget(0.1)
    allowed = 0
    for _ in range(1_000):
        budget.record_request()
        allowed += budget.allow() + budget.allow()

    assert allowed == pytest.approx(0.1 * 1_000 + RetryBudget.SAVED, abs=1)


def test_a_long_calm_saves_up_no_storm() -> None:
    budget = RetryBudget(0.5)
    for _ in range(10_000):
        budget.record_request()

    assert sum(budget.allow() for _ in range(100)) == RetryBudget.SAVED


def test_few_failures_are_always_tried_again() -> None:
    budget = RetryBudget(0.1)

    for number in range(1_000):
        budget.record_request()
        assert number % 20 or budget.allow()


def test_without_a_budget_every_retry_is_allowed() -> None:
    budget = RetryBudget(0.0)

    assert all(budget.allow() for _ in range(1_000))
