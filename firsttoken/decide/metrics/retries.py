"""What errors, rate limits and retries cost: the user's seconds, and the quota.

Rule: the currencies are never added up. Attempts that we ended ourselves are in none of them. Where a broken stream's
usage is estimated the value is a range.
"""

import math

import numpy as np

from firsttoken.decide.measure.attempts import Attempts, Bools, Floats
from firsttoken.decide.measure.cost import Tokens
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.metrics.metric import Metric, OfRelated, OfWindow, Peers, Term
from firsttoken.decide.metrics.value import Find, MetricValue
from firsttoken.stats.estimate import Estimate, between, exact, nothing
from firsttoken.stats.mean import mean_of


def failed_requests(data: WindowData) -> Estimate:
    """Measured requests that failed, of 1,000."""
    return _of_thousand(data, data.requests.gave_up)


def retried_requests(data: WindowData) -> Estimate:
    """Measured requests of more than one attempt, of 1,000."""
    return _of_thousand(data, data.requests.tries > 1)


def saved_requests(data: WindowData) -> Estimate:
    """Measured requests that succeeded after their first attempt had failed, of 1,000."""
    return _of_thousand(data, (data.requests.tries > 1) & data.requests.succeeded)


def _of_thousand(data: WindowData, hits: Bools) -> Estimate:
    chosen = data.requests.measured
    return per_thousand(data.share_of(hits[chosen], data.requests.intended_ns[chosen]))


def per_thousand(share: Estimate) -> Estimate:
    """A share as so many of 1,000."""
    if share.value is None or share.lo is None or share.hi is None:
        return share
    return Estimate(1000 * share.value, 1000 * share.lo, 1000 * share.hi, share.n, share.n_eff)


def tries(data: WindowData) -> Estimate:
    """Attempts of a measured request, on average."""
    return mean_of(data.requests.tries[data.requests.measured].astype(np.float64))


def backoff(data: WindowData) -> Estimate:
    """How long a measured request waited between its attempts, on average, in ms."""
    requests = data.requests
    backoff_ms = np.nan_to_num(data.attempts.backoff_ms)
    backoff_ms[requests.last] = 0  # a back-off that was followed by no attempt was not waited to its end
    waited_ms = np.add.reduceat(backoff_ms, requests.first) if len(requests) else np.zeros(0)
    return mean_of(waited_ms[requests.measured])


def error_share(data: WindowData) -> Estimate:
    """The share of the measured attempts that failed."""
    return _of_attempts(data, data.attempts.failed)


def rate_limited_share(data: WindowData) -> Estimate:
    """The share of the measured attempts that a rate limit turned away."""
    return _of_attempts(data, np.asarray(data.attempts.outcome == "rate_limited", dtype=np.bool_))


def wasted_attempts(data: WindowData) -> Estimate:
    """The share of the measured attempts that reached the server and failed: hosted APIs count them like any other."""
    return _of_attempts(data, data.attempts.failed, ~np.isnan(data.attempts.sent_ns))


def _of_attempts(data: WindowData, hits: Bools, among: Bools | None = None) -> Estimate:
    chosen = data.attempts.measured if among is None else data.attempts.measured & among
    return data.share_of(hits[chosen], data.attempts.intended_ns[chosen])


def wasted_tokens(data: WindowData) -> Estimate:
    """Tokens billed or counted for attempts that failed, as a share of all."""
    attempts = data.attempts
    answered, failed = attempts.measured & attempts.succeeded, attempts.measured & attempts.failed
    useful = float(_all_tokens(data.billed.least)[answered].sum())
    least, most = (float(_all_tokens(end)[failed].sum()) for end in (data.billed.least, data.billed.most))
    if useful + most == 0:
        return nothing()
    least_share = least / (useful + least) if useful + least else 0.0
    return between(least_share, most / (useful + most), int((answered | failed).sum()))


def _all_tokens(tokens: Tokens) -> Floats:
    return tokens.input + tokens.output


def use_of_quota(attempts: Attempts) -> Estimate:
    """The most that was ever gone of a limit on requests or tokens, as the server's headers reported."""
    used = np.concatenate(
        [
            1 - attempts.ratelimit_remaining_requests / attempts.ratelimit_limit_requests,
            1 - attempts.ratelimit_remaining_tokens / attempts.ratelimit_limit_tokens,
        ]
    )
    known = np.clip(used[np.isfinite(used)], 0.0, 1.0)
    return exact(float(known.max()), len(known)) if len(known) else nothing()


def added_wait(felt: MetricValue, find: Find, _turns: int) -> Estimate | None:
    """By how much failed attempts and back-off delay the first word, at the same quantile, in ms."""
    served = find("served_ttft_ms", felt.level, felt.q)
    if served is None or served.value is None or felt.value is None or math.isinf(felt.value):
        return None
    return exact(felt.value - served.value, min(felt.n, served.n))


TERMS = (
    Term(
        name="Failed",
        unit="per 1,000",
        formula="requests whose last attempt failed × 1,000 / requests",
        over="measured requests",
        metrics={"gave_up_per_1000": Metric(unit="per 1,000", label="Failed", of=OfWindow(failed_requests))},
        peers=Peers(
            vllm="failed requests; no retries",
            aiperf="error records; no retries",
            guidellm="errored requests; no retries",
            mlperf_endpoints="failed samples; no retries",
        ),
    ),
    Term(
        name="Retried, saved",
        unit="per 1,000",
        formula="requests of more than one attempt, and those of them that succeeded, × 1,000 / requests",
        over="measured requests",
        metrics={
            "retried_per_1000": Metric(unit="per 1,000", label="Retried", of=OfWindow(retried_requests)),
            "saved_per_1000": Metric(unit="per 1,000", label="Saved", of=OfWindow(saved_requests)),
        },
    ),
    Term(
        name="Attempts, back-off",
        meaning="what a retry costs",
        unit="count, ms",
        formula=(
            "attempts on the wire / requests; time between attempts / requests; added: user-perceived TTFT − TTFT of "
            "the attempt that served it, at the same quantile"
        ),
        over="measured requests",
        metrics={
            "attempts_per_request": Metric(unit="count", label="Attempts per request", of=OfWindow(tries)),
            "backoff_ms_per_request": Metric(unit="ms", label="Back-off", of=OfWindow(backoff)),
            "retry_added_ttft_ms": Metric(
                unit="ms", label="Added by retries", of=OfRelated("felt_ttft_ms", added_wait), is_spread=False
            ),
        },
    ),
    Term(
        name="Wasted",
        meaning="quota spent on nothing",
        unit="%",
        formula=(
            "attempts that reached the server and failed / attempts that reached it; tokens likewise. Hosted "
            "services count failed requests against their limits too. Errors and 429s: as shares of all "
            "attempts."
        ),
        over="measured requests",
        metrics={
            "wasted_attempts_share": Metric(unit="share", label="Wasted attempts", of=OfWindow(wasted_attempts)),
            "wasted_tokens_share": Metric(
                unit="share", label="Wasted tokens", of=OfWindow(wasted_tokens), ends="possible"
            ),
            "error_share": Metric(unit="share", label="Errors", of=OfWindow(error_share)),
            "rate_limited_share": Metric(unit="share", label="Rate limited", of=OfWindow(rate_limited_share)),
        },
    ),
    Term(
        name="Quota used",
        unit="%",
        formula="the largest used part of a limit on requests or tokens, by the server's own headers",
        over="all attempts of the level",
        metrics={
            "quota_used_share": Metric(
                unit="share", label="Quota used", of=OfWindow(lambda data: use_of_quota(data.attempts)), is_spread=False
            )
        },
    ),
)
