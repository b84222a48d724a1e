"""Rate limits as hosted APIs keep them: buckets that refill evenly over a minute, reported in x-ratelimit-* headers.

Rule: time is handed in. A request is charged when it is let in, with its prompt and the output it asked for, whatever
comes of it later; one that the limit itself turns away is not charged.
"""

from firsttoken.simulator.errors import ApiError, rate_limited

MINUTE_NS = 60_000_000_000


class Bucket:
    """At most `limit` a minute, all of it at once if it was left untouched for a minute."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._left = float(limit)
        self._at_ns: int | None = None

    def left(self, now_ns: int) -> float:
        """Refill for the time gone by and return what may be taken now."""
        if self._at_ns is not None:
            self._left = min(self.limit, self._left + (now_ns - self._at_ns) / MINUTE_NS * self.limit)
        self._at_ns = now_ns
        return self._left

    def wait_s(self, amount: float, now_ns: int) -> float:
        """Return in how many seconds `amount` may be taken: 0 is now."""
        return max(0.0, amount - self.left(now_ns)) / self.limit * 60

    def take(self, amount: float, now_ns: int) -> None:
        """Take `amount`, which `wait_s` has allowed."""
        self._left = self.left(now_ns) - amount


class RateLimits:
    """The limits of one model: requests and tokens per minute, each of them or neither."""

    def __init__(self, model: str, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        self._model = model
        limits = {"requests": requests_per_minute, "tokens": tokens_per_minute}
        self._buckets = {kind: Bucket(limit) for kind, limit in limits.items() if limit is not None}

    def charge(self, tokens: int, now_ns: int) -> None:
        """Take one request of so many tokens out of the buckets; raises ApiError (429) if one of them lacks it."""
        amounts = {"requests": 1, "tokens": tokens}
        for kind, bucket in self._buckets.items():
            wait_s = bucket.wait_s(amounts[kind], now_ns)
            if amounts[kind] > bucket.limit or wait_s > 0:
                raise self._refuse(kind, bucket, amounts[kind], wait_s, now_ns)
        for kind, bucket in self._buckets.items():
            bucket.take(amounts[kind], now_ns)

    def _refuse(self, kind: str, bucket: Bucket, amount: int, wait_s: float, now_ns: int) -> ApiError:
        unit = f"{kind} per min ({kind[0].upper()}PM)"
        if amount > bucket.limit:
            text = f"Request too large for {self._model} on {unit}: Limit {bucket.limit}, Requested {amount}."
            return rate_limited(f"{text} The input or output tokens must be reduced.", 60.0, kind)
        used = bucket.limit - int(bucket.left(now_ns))
        text = f"Rate limit reached for {self._model} on {unit}: Limit {bucket.limit}, Used {used}, Requested {amount}."
        return rate_limited(f"{text} Please try again in {write_duration(wait_s)}.", wait_s, kind)

    def headers(self, now_ns: int) -> dict[str, str]:
        """Return x-ratelimit-{limit,remaining,reset}-{requests,tokens} of the limits that are set."""
        headers = {}
        for kind, bucket in self._buckets.items():
            headers[f"x-ratelimit-limit-{kind}"] = str(bucket.limit)
            headers[f"x-ratelimit-remaining-{kind}"] = str(int(bucket.left(now_ns)))
            headers[f"x-ratelimit-reset-{kind}"] = write_duration(bucket.wait_s(bucket.limit, now_ns))
        return headers


def write_duration(seconds: float) -> str:
    """Return a duration as OpenAI's headers write it: "12ms", "1.5s", "6m0s"."""
    milliseconds = round(seconds * 1000)
    if 0 < milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    text = f"{rest / 1000:.3f}".rstrip("0").rstrip(".") + "s"
    return f"{minutes}m{text}" if minutes else text
