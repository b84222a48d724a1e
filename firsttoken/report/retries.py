"""What the client does after a failed attempt, in words.

Rule: the words come from the policy that the run used, by asking it. Each failure of the table is put to
`choose_backoff_ms`, and only one that it tries again is named, so the sentence cannot say what the code does not do.
"""

from collections.abc import Iterator

from firsttoken.decide.words.units import write_share, write_value
from firsttoken.plan.retry import RetryPolicy, choose_backoff_ms
from firsttoken.report.sentences import join_words
from firsttoken.row import OUTCOMES, Outcome, Row, read_status

STATUSES = (400, 401, 403, 404, 408, 409, 413, 422, 425, 429)
"""Refusals that are put to every policy, beside those that it names."""
SERVER_ERRORS = (500, 502, 503, 504, 529)


def _outcomes(word: object) -> tuple[Outcome, ...]:
    """The outcomes that a policy tries again by a word, or by a status."""
    return tuple(outcome for outcome, facts in OUTCOMES.items() if facts.retried == word)


UNANSWERED = {
    "a failure to connect": _outcomes("connect"),
    "a time-out before the first byte of an answer": _outcomes("timeout"),
    "a connection lost before the first byte": _outcomes("truncated"),
}
BEGUN: dict[str, tuple[Outcome, ...]] = {
    "a time-out in the middle of an answer": _outcomes("timeout"),
    "an answer that ended too early": _outcomes("truncated"),
    "an error in the stream": ("error_in_stream",),
}
"""A failure in words -> the outcomes that it may have; of a begun answer, status and first bytes had come."""
LIMITED_IN_STREAM = {"a rate limit in a stream before its first token": _outcomes(429)}
"""The one failure of a begun answer that counts as a refusal."""
NOTHING = "what the server's x-should-retry names"
FailureGroup = tuple[dict[str, tuple[Outcome, ...]], int | None, int]
"""Failures in words, with the status and the bytes that had come."""


def write_policy(policy: RetryPolicy) -> str:
    """What a client with this policy does after a failed attempt, every number as it is used."""
    retried = list(list_retried(policy))
    heeds_advice = any(
        _is_tried(policy, _refused(status), advice) != _is_tried(policy, _refused(status))
        for status in STATUSES
        for advice in (True, False)
    )
    if not retried and not heeds_advice:
        return "A failed attempt is the end of its request."
    times = "1 retry" if policy.max_retries == 1 else f"{policy.max_retries} retries"
    parts = [
        f"Up to {times} after {join_words(retried) or NOTHING}",
        _waits(policy),
        f"Retry-After is obeyed up to {_seconds(policy.retry_after_max_s)}, and a longer one ends the request",
    ]
    if heeds_advice:
        parts.append("the server's x-should-retry is obeyed before this list")
    if not any(phrase in BEGUN for phrase in retried):
        which = "any other" if LIMITED_IN_STREAM.keys() & set(retried) else "an"
        parts.append(f"{which} answer of which a byte has arrived is not retried")
    bounded = f" At most {write_share(policy.budget)} of requests may be retries." if policy.budget else ""
    return f"{'; '.join(parts)}.{bounded}"


def list_retried(policy: RetryPolicy) -> Iterator[str]:
    """Every failure that the policy tries again, in words: statuses first, then what has no status of an error."""
    named = {status for status in policy.on if isinstance(status, int)}
    for status in sorted({*STATUSES, *named} - {*SERVER_ERRORS}):
        if _is_tried(policy, _refused(status)):
            yield str(status)
    tried = [status for status in SERVER_ERRORS if _is_tried(policy, _refused(status))]
    yield from ["5xx"] if len(tried) == len(SERVER_ERRORS) else map(str, tried)
    groups: tuple[FailureGroup, ...] = ((UNANSWERED, None, 0), (LIMITED_IN_STREAM, 200, 300), (BEGUN, 200, 300))
    for failures, came, received in groups:
        for phrase, outcomes in failures.items():
            rows = [Row(attempt=1, outcome=each, http_status=came, bytes_received=received) for each in outcomes]
            if all(_is_tried(policy, row) for row in rows):
                yield phrase


def _refused(status: int) -> Row:
    return Row(attempt=1, outcome=read_status(status), http_status=status, bytes_received=200)


def _is_tried(policy: RetryPolicy, row: Row, should_retry: bool | None = None) -> bool:
    return choose_backoff_ms(policy, row, should_retry, 0.0) is not None


def _waits(policy: RetryPolicy) -> str:
    """How long the client waits, with doubling, cap and jitter only where they play a part."""
    if policy.max_retries == 1 or policy.base_s >= policy.cap_s:
        waits = f"waits of {_seconds(min(policy.base_s, policy.cap_s))}"
    else:
        waits = f"waits of {_seconds(policy.base_s)}, doubled each time up to {_seconds(policy.cap_s)}"
    return f"{waits}, each shortened at random by up to {write_share(policy.jitter)}" if policy.jitter else waits


def _seconds(seconds: float) -> str:
    return write_value(1000 * seconds, "ms")
