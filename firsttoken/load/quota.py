"""The share of an account's quota that a test may use, so that production on the same account is not starved. Pure.

Rule: what counts is what the vendor reserves when a request comes in, its prompt and the whole answer it may have,
whatever comes of it later (`cost.estimate`). Each limit is a door that a request shuts behind itself for as long as the
share takes to refill by its cost:

    shut for = cost / (share x limit / window / workers)

so in any span of T seconds a worker lets through at most its rate x T and one request more. Requests go evenly, which a
server's bucket likes better than a minute's worth at once. A limit that no answer has told yet makes nobody wait; what
went before it was told is made good as soon as it is.
"""

from __future__ import annotations

from firsttoken.load.cost import Cost
from firsttoken.row import Row

NS = 1_000_000_000
MINUTE_S = 60.0
DAY_S = 86_400.0


class Door:
    """One limit: of requests or of tokens."""

    def __init__(self) -> None:
        self.limit: int | None = None
        self.window_s = MINUTE_S
        self._owed = 0.0
        """What went through and is not refilled yet, at `_at_ns`."""
        self._at_ns: int | None = None

    def wait_ns(self, share: float, now_ns: int) -> int:
        """For how long it is shut to a user who may use so much of the limit."""
        if self.limit is None:
            return 0
        self._refill(share, now_ns)
        return max(0, round(self._owed / self._rate(share) * NS))

    def take(self, amount: int, share: float, now_ns: int) -> None:
        """Let a request through."""
        self._refill(share, now_ns)
        self._owed += amount

    def _rate(self, share: float) -> float:
        return max(share * (self.limit or 0) / self.window_s, 1 / DAY_S)

    def _refill(self, share: float, now_ns: int) -> None:
        """While the limit is unknown nothing is refilled and the time stands, so that it is made good later."""
        if self._at_ns is None:
            self._at_ns = now_ns
        if self.limit is not None:
            self._owed = max(0.0, self._owed - self._rate(share) * (now_ns - self._at_ns) / NS)
            self._at_ns = now_ns


class QuotaShare:
    """Keeps one worker's requests to one target at its part of `share` (0 to 1) of the account's limits."""

    def __init__(self, share: float, workers: int = 1) -> None:
        self.share = share
        self.workers = workers
        """How many share it; may change when one is lost or comes."""
        self._requests = Door()
        self._tokens = Door()

    def note(self, row: Row) -> None:
        """Read the limits that an answer tells.

        They are per minute, but for requests that take longer than that to reset: some accounts are told their
        requests of a day in the same header (https://console.groq.com/docs/rate-limits).
        """
        if row.ratelimit_limit_requests is not None:
            self._requests.limit = row.ratelimit_limit_requests
        if row.ratelimit_limit_tokens is not None:
            self._tokens.limit = row.ratelimit_limit_tokens
        if row.ratelimit_reset_requests_ms is not None and row.ratelimit_reset_requests_ms > MINUTE_S * 1e3:
            self._requests.window_s = DAY_S

    def wait_ns(self, now_ns: int) -> int:
        """How long the next request has to wait, in ns; 0: it may go now, and then is to be told by `take`."""
        mine = self.share / self.workers
        return max(self._requests.wait_ns(mine, now_ns), self._tokens.wait_ns(mine, now_ns))

    def take(self, cost: Cost, now_ns: int) -> None:
        """Count a request that goes now, at the most it can cost."""
        mine = self.share / self.workers
        self._requests.take(cost.requests, mine, now_ns)
        self._tokens.take(cost.tokens, mine, now_ns)
