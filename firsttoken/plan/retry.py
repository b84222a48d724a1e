"""What a client does after a failed attempt. Pure: a policy, the row of the attempt and a draw give the back-off.

Rule: the transport never retries; this loop is the only one, so that every attempt on the wire is a row.

What `on` of a custom policy may hold, beside statuses, of which 429 means every rate limit, also one reported in the
first event of a 200 or under another status (the words beside "5xx" are those of `row.OUTCOMES`):

    "5xx"        any status from 500 on
    "connect"    no connection, or one that was closed before a byte of an answer
    "timeout"    a deadline of [timeouts] passed, with or without a part of the answer
    "truncated"  the answer ended too early

To add a policy, give it a name in `PolicyName` and an entry in POLICIES. Scenario, JSON Schema, dry run and the method
page of the report, which puts each failure to the policy, follow.
"""

from typing import Literal

import msgspec

from firsttoken.row import OUTCOMES, RetryWord, Row

PolicyName = Literal["none", "openai", "custom"]
"""The keys of POLICIES."""
RETRIED: tuple[int | RetryWord, ...] = (408, 409, 429, "5xx", "connect", "timeout")
"""What a custom policy tries again where it does not say."""


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often, on what and how long: the openai package's own rules are the default of a scenario."""

    max_retries: int
    base_s: float = 0.5
    cap_s: float = 8.0
    jitter: float = 0.25
    retry_after_max_s: float = 120.0
    on: frozenset[int | RetryWord] = frozenset({*RETRIED, "truncated"})
    only_unanswered: bool = True
    """Never again once a byte of an answer has come, but for an error's status."""
    heeds_advice: bool = True
    """The server's x-should-retry wins over `on`."""
    budget: float = 0.0
    """At most this share of the requests may be retries; 0: no bound."""


CUSTOM: PolicyName = "custom"
POLICIES: dict[PolicyName, RetryPolicy] = {
    "none": RetryPolicy(max_retries=0),
    "openai": RetryPolicy(max_retries=2),
    CUSTOM: RetryPolicy(max_retries=2, on=frozenset(RETRIED), only_unanswered=False, heeds_advice=False),
}
"""Every policy by the name that a scenario gives it; of the custom one, [retry] states the numbers."""


def choose_backoff_ms(policy: RetryPolicy, row: Row, should_retry: bool | None, draw: float) -> float | None:
    """Milliseconds to wait before the next attempt, or None for no retry.

    `row.attempt` counts from 1; `should_retry` is the server's x-should-retry, if it sent one; `draw` is uniform
    in [0, 1). A Retry-After up to the limit is obeyed exactly; a longer one ends the request, as the openai
    package does. Otherwise base x 2^n seconds, capped, less up to a quarter (`openai/_base_client.py`,
    `_should_retry` and `_calculate_retry_timeout`); a custom policy's `jitter` is that quarter.
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
    if row.outcome == "rate_limited" or (row.http_status is not None and row.http_status >= 400):
        return _may_pass(policy, row, should_retry)
    if policy.only_unanswered and (row.http_status is not None or row.bytes_received):
        return False
    return _word(row) in policy.on


def _may_pass(policy: RetryPolicy, row: Row, should_retry: bool | None) -> bool:
    """Whether a refusal is tried again: a rate limit is, under any status, except one that
    comes after tokens, which the user has had."""
    status = row.http_status or 0
    if status < 400 and row.first_token_ns is not None:
        return False
    if should_retry is not None and policy.heeds_advice:
        return should_retry
    return not policy.on.isdisjoint({status, _word(row)}) or ("5xx" in policy.on and status >= 500)


def _word(row: Row) -> int | RetryWord | None:
    return None if row.outcome is None else OUTCOMES[row.outcome].retried


class RetryBudget:
    """Bounds the retries of one load process to a share of its requests: what keeps an outage from feeding on itself.

    Each request pays `share` in, each retry takes one out, and at most SAVED is kept: in any stretch there are at most
    share x requests + SAVED retries (as Finagle's RetryBudget, and gRPC's throttling of retries, do it).
    """

    SAVED = 10.0

    def __init__(self, share: float) -> None:
        self._share = share
        self._saved = self.SAVED

    def record_request(self) -> None:
        """A request begins."""
        self._saved = min(self.SAVED, self._saved + self._share)

    def allow(self) -> bool:
        """Whether there may be one more retry, which is counted if so; always where the share is 0."""
        if self._share == 0:
            return True
        if self._saved < 1:
            return False
        self._saved -= 1
        return True
