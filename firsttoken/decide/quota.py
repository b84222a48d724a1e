"""Whether the plateau is the account's quota, and not what the server can carry.

    let in    attempts that reached the server in the measure windows and were not answered 429
    counted   as vendors count: a request when it is let in; tokens as its prompt and all the output that it asked for,
              not what came

Rule: the limits are those of the server's own x-ratelimit headers, which vendors mean per minute. A level is bound by
one when the server pressed, by a 429 or by an allowance that ran out, and at least nine tenths of it went by. Where far
more went by than a minute's allowance can let in, the header does not tell a quota a minute but, as servers of one's
own do, how many fit in at once.
"""

from __future__ import annotations

import numpy as np

from firsttoken.decide.attempts import Bools, Floats
from firsttoken.decide.observation import Observation
from firsttoken.decide.units import write_share

MINUTE_S = 60.0
NEAR = 0.9
"""So much of a limit was used where it is what holds the load back."""
FAR = 1.5
"""So many times what a full allowance and its refill let in is not let in by it."""
SPENT = 0.02
"""An allowance of which no more is left has run out."""


def find_quota_bound(seen: Observation, asked_tokens: float | None) -> str:
    """What shows that a limit of the account held the load back, or nothing.

    asked_tokens: the output that a request asks for; None where a trace says, whose answers are taken to be as long.
    """
    attempts = seen.attempts
    sent = _in_windows(seen)
    let_in = sent & np.asarray(attempts.outcome != "rate_limited", dtype=np.bool_)
    turned_away = int((sent & ~let_in).sum())
    counted = {
        "requests": (float(let_in.sum()), attempts.ratelimit_limit_requests, attempts.ratelimit_remaining_requests),
        "tokens": (
            _reserved(seen, let_in, asked_tokens),
            attempts.ratelimit_limit_tokens,
            attempts.ratelimit_remaining_tokens,
        ),
    }
    for kind, (amount, limits, left) in counted.items():
        limit = _middle(limits[sent])
        a_minute = amount / seen.seconds * MINUTE_S
        pressed = turned_away > 0 or bool((left[sent] <= SPENT * limits[sent]).any())
        most = None if limit is None else limit * (len(seen.windows) + seen.seconds / MINUTE_S)
        if limit is not None and most is not None and pressed and a_minute >= NEAR * limit and amount <= FAR * most:
            return (
                f"The account's quota was the limit: the server allows {limit:,.0f} {kind} a minute, and let in "
                f"{a_minute:,.0f}. What it could carry without one is not shown."
            )
    return ""


def find_untold_quota(seen: Observation, share: float) -> str:
    """What shows that a share of a quota could not be kept, for no answer told the quota; else nothing."""
    attempts = seen.attempts
    told = ~np.isnan(attempts.ratelimit_limit_requests) | ~np.isnan(attempts.ratelimit_limit_tokens)
    if not share or told.any() or not attempts.succeeded.any():
        return ""
    return (
        f"budget.quota_share = {share:g} held nothing back: no answer told a limit (x-ratelimit-limit-requests or "
        "-tokens), so production on the same account may have been starved."
    )


def tell_share(seen: Observation, share: float) -> str:
    """How much a share of the account's quota lets through, as a sentence; empty where that is not known."""
    limits = {"requests": seen.attempts.ratelimit_limit_requests, "tokens": seen.attempts.ratelimit_limit_tokens}
    told = [f"{limit:,.0f} {kind}" for kind, values in limits.items() if (limit := _middle(values)) is not None]
    if not share or not told:
        return ""
    return f" budget.quota_share lets through {write_share(share)} of the {' and '.join(told)} that the server allows."


def _in_windows(seen: Observation) -> Bools:
    """Attempts of any phase that were sent inside a measure window."""
    sent = seen.attempts.sent_ns
    inside = np.zeros(len(sent), dtype=np.bool_)
    for opens, closes in seen.windows:
        inside |= (sent >= opens) & (sent < closes)
    return inside


def _reserved(seen: Observation, let_in: Bools, asked_tokens: float | None) -> float:
    """Tokens that a vendor takes off the allowance; prompts of unknown length are as long as the others."""
    attempts = seen.attempts
    read, written = attempts.input_tokens[let_in], attempts.output_tokens[let_in]
    known = read[~np.isnan(read)]
    if not len(known):
        return 0.0
    asked = float(np.nanmean(written)) if asked_tokens is None else asked_tokens
    return len(read) * (float(known.mean()) + asked)


def _middle(limits: Floats) -> float | None:
    told = limits[~np.isnan(limits)]
    return float(np.median(told)) if len(told) else None
