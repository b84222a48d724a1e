"""What a client does after a failed attempt. Pure: a policy, the row of the attempt and a draw give the back-off.

Rule: the transport never retries; this loop is the only one, so that every attempt on the wire is a row.
"""

from __future__ import annotations

import msgspec

from firsttoken.row import Outcome, Row


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often, on what and how long: the openai package's own rules are the default of a scenario."""

    max_retries: int
    base_s: float = 0.5
    cap_s: float = 8.0
    jitter: float = 0.25
    retry_after_max_s: float = 120.0
    statuses: frozenset[int] = frozenset({408, 409, 429})
    from_status: int = 500


POLICIES: dict[str, RetryPolicy] = {
    "none": RetryPolicy(max_retries=0),
    "openai": RetryPolicy(max_retries=2),
}


UNANSWERED: frozenset[Outcome] = frozenset({"connect", "deadline", "truncated"})
"""Outcomes that may be tried again when not one byte of an answer had come."""


def choose_backoff_ms(policy: RetryPolicy, row: Row, should_retry: bool | None, draw: float) -> float | None:
    """Milliseconds to wait before the next attempt, or None to give up.

    `row.attempt` counts from 1; `should_retry` is the server's x-should-retry, if it sent one; `draw` is uniform
    in [0, 1). A Retry-After up to the limit is obeyed to the letter; a longer one gives up, as the openai
    package does. Otherwise base x 2^n seconds, capped, less up to a quarter (`openai/_base_client.py`,
    `_should_retry` and `_calculate_retry_timeout`).
    """
    after_ms = row.retry_after_ms
    if row.attempt > policy.max_retries or (after_ms is not None and after_ms > policy.retry_after_max_s * 1e3):
        return None
    if not _is_retryable(policy, row, should_retry):
        return None
    if after_ms is not None and after_ms > 0:
        return after_ms
    delay_s = min(policy.base_s * 2.0 ** (row.attempt - 1), policy.cap_s)
    return delay_s * (1 - policy.jitter * draw) * 1e3


def _is_retryable(policy: RetryPolicy, row: Row, should_retry: bool | None) -> bool:
    if row.http_status is None:
        return row.outcome in UNANSWERED and row.bytes_received == 0
    if row.http_status < 400:
        return False
    if should_retry is not None:
        return should_retry
    return row.http_status in policy.statuses or row.http_status >= policy.from_status
