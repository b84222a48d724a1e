"""Whether a failed attempt is tried again: by the policy, the budget of retries and the credit of the account."""

from firsttoken.load.control.retries import Retries
from firsttoken.plan.retry import RetryBudget, RetryPolicy
from firsttoken.row import CREDIT_SPENT, Row

POLICY = RetryPolicy(max_retries=2, base_s=0.5, jitter=0)


def failed(attempt: int = 1, **keys: object) -> Row:
    return Row(target="a", attempt=attempt, **({"outcome": "http_5xx", "http_status": 500} | keys))


def test_a_failed_attempt_is_tried_again_after_the_back_off_of_the_policy() -> None:
    retries = Retries(POLICY, RetryBudget(0), ["a"], "run")

    assert [retries.choose_backoff_ms(failed(attempt), None) for attempt in (1, 2, 3)] == [500.0, 1000.0, None]


def test_an_answer_is_not_tried_again() -> None:
    retries = Retries(POLICY, RetryBudget(0), ["a"], "run")

    assert retries.choose_backoff_ms(failed(outcome="ok", http_status=200), should_retry=True) is None


def test_the_servers_advice_is_heeded() -> None:
    retries = Retries(POLICY, RetryBudget(0), ["a"], "run")

    assert retries.choose_backoff_ms(failed(), should_retry=False) is None


def test_an_account_without_credit_is_asked_nothing_again() -> None:
    retries = Retries(POLICY, RetryBudget(0), ["a"], "run")

    assert (
        retries.choose_backoff_ms(failed(outcome="rate_limited", http_status=429, checks=[CREDIT_SPENT]), None) is None
    )


def test_the_budget_of_retries_holds_over_all_requests() -> None:
    retries = Retries(POLICY, RetryBudget(0.5), ["a"], "run")
    at_the_start = [retries.choose_backoff_ms(failed(), None) for _ in range(100)]
    assert None in at_the_start

    retries.record_request()
    assert retries.choose_backoff_ms(failed(), None) is None
    retries.record_request()
    assert retries.choose_backoff_ms(failed(), None) == 500.0


def test_the_jitter_of_back_offs_follows_from_the_seed() -> None:
    policy = RetryPolicy(max_retries=2, base_s=0.5, jitter=0.25)

    def draw(seed: str) -> list[float | None]:
        retries = Retries(policy, RetryBudget(0), ["a"], seed)
        return [retries.choose_backoff_ms(failed(), None) for _ in range(5)]

    assert draw("one") == draw("one") != draw("two")
