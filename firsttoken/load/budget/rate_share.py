"""The share of an account's quota that a test may use, so that production on the same account is not starved. Pure.

Rule: what counts is what the vendor reserves when a request comes in, its prompt and the whole answer it may have,
also if it uses less later (`cost.estimate`). Each limit is a token bucket, empty after a request for as long as the
share takes to refill by its cost:

    empty for = cost / (share x limit / window / workers)

so in any span of T seconds a worker lets through at most its rate x T and one request more. Requests go evenly, which a
server's bucket likes better than a minute's worth at once. A limit that no answer has reported yet delays no request;
what went before is charged as soon as it is reported. A server may have several: a minute's, a day's, one on the tokens
of answers alone; each that was ever reported holds. Where only a rest is reported, the limit is at least the highest
rest seen.
"""

from typing import Literal, NamedTuple

from firsttoken.decoding.duration import NS
from firsttoken.load.budget.cost import NOTHING, Cost
from firsttoken.row import Row

MINUTE_S = 60.0
DAY_S = 86_400.0


class LimitKind(NamedTuple):
    """The key of a limit."""

    of: Literal["requests", "tokens", "input", "output"]
    window_s: float


def count(cost: Cost, of: str) -> int:
    """How much of a limit a request takes."""
    return {
        "requests": cost.requests,
        "tokens": cost.tokens,
        "input": cost.tokens - cost.output_tokens,
        "output": cost.output_tokens,
    }[of]


class TokenBucket:
    """One limit: so much may go through in a time."""

    def __init__(self, window_s: float, owed: float, at_ns: int | None) -> None:
        self.limit = 0
        self._window_s = window_s
        self._owed = owed
        """What went through and is not refilled yet, at `_at_ns`."""
        self._at_ns = at_ns

    def wait_ns(self, share: float, now_ns: int) -> int:
        """For how long it is empty to a user who may use so much of the limit."""
        self._refill(share, now_ns)
        return max(0, round(self._owed / self._rate(share) * NS))

    def charge(self, amount: int, share: float, now_ns: int) -> None:
        """Let a request through."""
        self._refill(share, now_ns)
        self._owed += amount

    def _rate(self, share: float) -> float:
        return max(share * self.limit / self._window_s, 1 / DAY_S)

    def _refill(self, share: float, now_ns: int) -> None:
        since_ns = 0 if self._at_ns is None else now_ns - self._at_ns
        self._owed = max(0.0, self._owed - self._rate(share) * since_ns / NS)
        self._at_ns = now_ns


class QuotaShare:
    """Keeps one worker's requests to one target at its part of `share` (0 to 1) of the account's limits."""

    def __init__(self, share: float, workers: int = 1) -> None:
        self.share = share
        self.workers = workers
        """How many share it; may change when one is lost or comes."""
        self._buckets: dict[LimitKind, TokenBucket] = {}
        self._taken = NOTHING
        """All that ever went through, and since when: a limit that is reported later counts it too."""
        self._since_ns: int | None = None

    def record_limits(self, row: Row) -> None:
        """Record the limits that an answer reports.

        Where it does not report their period, that is a minute, except for requests that take longer than that to
        reset: some accounts get their requests of a day in the same header (https://console.groq.com/docs/rate-limits).
        """
        long_ms = row.ratelimit_reset_requests_ms
        untold_s = DAY_S if long_ms is not None and long_ms > MINUTE_S * 1e3 else MINUTE_S
        requests = LimitKind("requests", row.ratelimit_window_requests_s or untold_s)
        tokens = LimitKind(row.ratelimit_tokens_of or "tokens", row.ratelimit_window_tokens_s or MINUTE_S)
        self._record_limit(requests, row.ratelimit_limit_requests, row.ratelimit_remaining_requests)
        self._record_limit(tokens, row.ratelimit_limit_tokens, row.ratelimit_remaining_tokens)

    def _record_limit(self, kind: LimitKind, limit: int | None, remaining: int | None) -> None:
        bucket = self._buckets.get(kind)
        if limit is None and not remaining:
            return
        known = limit if limit is not None else max(remaining or 0, 0 if bucket is None else bucket.limit)
        if bucket is None:
            bucket = self._buckets[kind] = TokenBucket(kind.window_s, count(self._taken, kind.of), self._since_ns)
        bucket.limit = known

    def wait_ns(self, now_ns: int) -> int:
        """How long the next request has to wait, in ns; 0: it may go now, and is then charged by `charge`."""
        mine = self.share / self.workers
        return max((bucket.wait_ns(mine, now_ns) for bucket in self._buckets.values()), default=0)

    def charge(self, cost: Cost, now_ns: int) -> None:
        """Count a request that goes now, at the most it can cost."""
        mine = self.share / self.workers
        self._since_ns = now_ns if self._since_ns is None else self._since_ns
        self._taken += cost
        for kind, bucket in self._buckets.items():
            bucket.charge(count(cost, kind.of), mine, now_ns)
