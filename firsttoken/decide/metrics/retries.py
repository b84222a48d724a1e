"""What errors, rate limits and retries cost: the user's seconds, the quota, the dollars.

    tax            dollars of all attempts / dollars of those that succeeded
    wasted         attempts that reached the server and gave nothing / attempts that reached it
    wasted tokens  tokens billed or counted for attempts that gave nothing / all tokens

Rule: the currencies are never added up. Attempts that we ended ourselves are in none of them. Where a broken stream's
usage is estimated the result is a range.
"""

from __future__ import annotations

import numpy as np

from firsttoken.catalogue import Source
from firsttoken.decide.measure.attempts import Attempts, Bools, Floats
from firsttoken.decide.measure.cost import Billed, Tokens, price_tokens
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.stats.estimate import Estimate, nothing
from firsttoken.stats.proportion import proportion_interval


def mean_of(values: Floats) -> Estimate:
    """A plain mean without an interval."""
    n = len(values)
    return Estimate(float(values.mean()), None, None, n, float(n)) if n else nothing()


def share_of(hits: Bools, at_ns: Floats, data: WindowData) -> Estimate:
    """The share of hits among requests or attempts that began at those times, its interval on the effective size."""
    n_eff = data.effective_at(at_ns, hits.astype(np.float64))
    return proportion_interval(int(hits.sum()), len(hits), n_eff)


def per_thousand(share: Estimate) -> Estimate:
    """A share as so many of 1,000."""
    if share.value is None or share.lo is None or share.hi is None:
        return share
    return Estimate(1000 * share.value, 1000 * share.lo, 1000 * share.hi, share.n, share.n_eff)


def count_retries(data: WindowData) -> dict[str, Estimate]:
    """What retries did to the users of the measured requests: how many, how often in vain, how long they waited."""
    attempts, requests = data.attempts, data.requests
    chosen = requests.measured
    at_ns = requests.intended_ns[chosen]
    retried = requests.tries > 1
    backoff_ms = np.nan_to_num(attempts.backoff_ms)
    backoff_ms[requests.last] = 0  # a back-off that was followed by no attempt was not waited to its end
    waited_ms = np.add.reduceat(backoff_ms, requests.first) if len(requests) else np.zeros(0)
    return {
        "gave_up_per_1000": per_thousand(share_of(requests.gave_up[chosen], at_ns, data)),
        "retried_per_1000": per_thousand(share_of(retried[chosen], at_ns, data)),
        "saved_per_1000": per_thousand(share_of((retried & requests.succeeded)[chosen], at_ns, data)),
        "attempts_per_request": mean_of(requests.tries[chosen].astype(np.float64)),
        "backoff_ms_per_request": mean_of(waited_ms[chosen]),
    }


def count_quota(data: WindowData) -> dict[str, Estimate]:
    """What the measured attempts took of a quota: hosted APIs count a failed request like any other."""
    attempts = data.attempts
    chosen = attempts.measured
    at_ns = attempts.intended_ns[chosen]
    failed = attempts.failed[chosen]
    reached = ~np.isnan(attempts.sent_ns[chosen])
    refused = np.asarray(attempts.outcome[chosen] == "rate_limited", dtype=np.bool_)
    return {
        "error_share": share_of(failed, at_ns, data),
        "rate_limited_share": share_of(refused, at_ns, data),
        "wasted_attempts_share": share_of(failed[reached], at_ns[reached], data),
        "wasted_tokens_share": _wasted_tokens(attempts, data.billed),
        "quota_used_share": use_of_quota(attempts),
    }


def use_of_quota(attempts: Attempts) -> Estimate:
    """The most that was ever gone of a limit on requests or tokens, as the server's headers told."""
    used = np.concatenate(
        [
            1 - attempts.ratelimit_remaining_requests / attempts.ratelimit_limit_requests,
            1 - attempts.ratelimit_remaining_tokens / attempts.ratelimit_limit_tokens,
        ]
    )
    told = np.clip(used[np.isfinite(used)], 0.0, 1.0)
    return Estimate(float(told.max()), None, None, len(told), float(len(told))) if len(told) else nothing()


def count_dollars(attempts: Attempts, billed: Billed, kept: int, source: Source | None) -> dict[str, Estimate]:
    """Dollars of all attempts of any phase, and of the measured ones the tax and the price of 1,000 good requests."""
    least, most = price_tokens(billed.least, source), price_tokens(billed.most, source)
    if least is None or most is None:
        return {name: nothing(len(attempts)) for name in ("dollars", "retry_tax", "dollars_per_1000_good")}
    answered = attempts.measured & attempts.succeeded
    judged = attempts.measured & ~attempts.unjudged
    useful = float(least.total[answered].sum())
    spent = (float(least.total[judged].sum()), float(most.total[judged].sum()))
    return {
        "dollars": between(float(least.total.sum()), float(most.total.sum()), len(attempts)),
        "retry_tax": between(spent[0] / useful, spent[1] / useful, int(judged.sum())) if useful else nothing(),
        "dollars_per_1000_good": between(1000 * spent[0] / kept, 1000 * spent[1] / kept, kept) if kept else nothing(),
    }


def _wasted_tokens(attempts: Attempts, billed: Billed) -> Estimate:
    answered = attempts.measured & attempts.succeeded
    failed = attempts.measured & attempts.failed
    useful = float(_all_tokens(billed.least)[answered].sum())
    least, most = (float(_all_tokens(end)[failed].sum()) for end in (billed.least, billed.most))
    if useful + most == 0:
        return nothing()
    least_share = least / (useful + least) if useful + least else 0.0
    return between(least_share, most / (useful + most), int((answered | failed).sum()))


def _all_tokens(tokens: Tokens) -> Floats:
    return tokens.input + tokens.output


def between(least: float, most: float, n: int) -> Estimate:
    """A result known to lie between two ends, its middle as value; exact where they meet, no data where one is nan."""
    if np.isnan(least) or np.isnan(most):
        return nothing(n)
    if least == most:
        return Estimate(least, None, None, n, float(n))
    return Estimate((least + most) / 2, least, most, n, float(n))
