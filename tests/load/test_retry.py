"""The retry policy: what the openai package would do, decided from the row alone."""

import pytest

from firsttoken.load.retry import POLICIES, choose_backoff_ms
from firsttoken.row import Row

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
