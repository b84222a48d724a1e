"""Whether the plateau is the account's quota, and not what the server can carry.

    let in    attempts that reached the server in the measure windows and were not turned away
    counted   as vendors count: a request when it is let in; tokens as its prompt and all the output that it asked for,
              not what came

Rule: the limits are those of the server's own headers, each for the period that they report, else a minute, as vendors
mean it. A level is bound by one when the server pressed, by a refusal that bears the limit or by an allowance that ran
out, and at least nine tenths of it went by. Where far more went by than the allowance of that time can let in, the
header does not report a quota but, as some private servers do, how many fit in at once. A limit for longer than was
measured binds where its allowance ran out. A refusal without any limit says nothing of the account: something before
the API may limit.
"""

from typing import NamedTuple

import numpy as np

from firsttoken.decide.flags.flag import Evidence, Quantity, Rule, show
from firsttoken.decide.measure.attempts import Bools, Floats
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.row import UNREAD_LIMIT

MINUTE_S = 60.0
NEAR = 0.9
"""So much of a limit was used where it is what holds the load back."""
FAR = 1.5
"""So many times what a full allowance and its refill let in is not let in by it."""
SPENT = 0.02
"""An allowance of which no more is left has run out."""
TIMES = {1.0: "a second", 60.0: "a minute", 3_600.0: "an hour", 86_400.0: "a day", 604_800.0: "a week"}
"""Seconds of a window in words."""
TOO_MANY = 429
MOST_NAMES = 4
"""Names of headers that a sentence has room for."""


class ReportedLimit(NamedTuple):
    """A limit as the attempts of the measure windows reported it."""

    kind: str
    """What it is on, in words."""
    limits: Floats
    left: Floats
    window_s: float | None
    """The time that it is for; None: longer than a minute, and it is unknown how long."""
    amount: float
    """What was let in, as the vendor counts it."""

    @property
    def limit(self) -> float | None:
        reported = self.limits[~np.isnan(self.limits)]
        return float(np.median(reported)) if len(reported) else None

    @property
    def ran_out(self) -> bool:
        """Whether hardly anything of it was left at some moment."""
        return bool((self.left <= SPENT * np.where(np.isnan(self.limits), 0, self.limits)).any())


def find_quota_bound(data: WindowData, asked_tokens: float | None) -> Evidence | None:
    """What shows that a limit of the account held the load back; else None.

    asked_tokens: the output that a request asks for; None where a trace says, whose answers are taken to be as long.
    """
    sent = _in_windows(data)
    refused = sent & _refused(data)
    for reported in _read_limits(data, sent, refused, asked_tokens):
        pressed = reported.ran_out or bool((~np.isnan(reported.limits[refused[sent]])).any())
        if pressed and _is_bound(reported, data):
            return show(
                "The account's quota was the limit: {limit}, and {amount} were accepted within {span}. The capacity "
                "without a quota is not shown.",
                limit=_write_limit(reported), amount=_write_amount(reported), span=_write_span(data.seconds),
            )  # fmt: skip
    return None


def _is_bound(reported: ReportedLimit, data: WindowData) -> bool:
    """Whether what was let in is what the limit lets in."""
    limit = reported.limit
    if limit is None or reported.window_s is None or reported.window_s > max(MINUTE_S, data.seconds):
        return reported.ran_out and bool((_refused(data) & _in_windows(data)).any())
    most = limit * (len(data.windows) + data.seconds / reported.window_s)
    return NEAR * limit * data.seconds / reported.window_s <= reported.amount <= FAR * most


def find_unexplained_refusals(data: WindowData, simulated: bool) -> Evidence | None:
    """What shows that attempts were refused without any quota header; else None.

    Of a simulated target it is known what turned them away: its queue was full.
    """
    attempts, sent = data.attempts, _in_windows(data)
    bare = sent & _refused(data) & (attempts.http_status == TOO_MANY) & ~_tells_limit(data)
    if simulated or not bare.any():
        return None
    answers = attempts.succeeded & sent & _tells_limit(data)
    beside = ", though answers have one" if answers.any() else ""
    return show(
        "{bare} of {sent} attempts were refused (429) without any quota header{beside}: the cause is not the "
        "account's quota, but a limit in front of the API (a proxy?), or a full server.",
        bare=int(bare.sum()), sent=int(sent.sum()), beside=beside,
    )  # fmt: skip


def find_unreported_quota(data: WindowData, share: float) -> Evidence | None:
    """What shows that a share of a quota could not be kept, for no answer reported the quota; else None."""
    if not share or _tells_limit(data).any() or not data.attempts.succeeded.any():
        return None
    names = dict.fromkeys(name for reported in data.reported.unread_limits for name in reported.split())
    found = [name.removeprefix(f"{UNREAD_LIMIT}:") for name in names][:MOST_NAMES]
    like = f"; seen, but not understood: {', '.join(found)}" if found else ""
    return show(
        "budget.quota_share = {share} had no effect: no answer reported a readable limit on requests or tokens (such "
        "as x-ratelimit-limit-requests{like}), so the run may have used the quota of production on the same account.",
        share=f"{share:g}", like=like,
    )  # fmt: skip


def tell_share(data: WindowData, share: float) -> Evidence | None:
    """How much a share of the account's quota lets through; None where that is not known."""
    sent = np.ones(len(data.attempts), dtype=np.bool_)
    limits = _read_limits(data, sent, ~sent, None)
    reported = [_write_limit(each).removeprefix("the server allows ") for each in limits if each.limit is not None]
    if not share or not reported:
        return None
    return show(
        "budget.quota_share lets through {share} of the {limits} that the server allows.",
        share=Quantity(share, "share"), limits=" and ".join(reported),
    )  # fmt: skip


def _in_windows(data: WindowData) -> Bools:
    """Attempts of any phase that were sent inside a measure window."""
    sent = data.attempts.sent_ns
    inside = np.zeros(len(sent), dtype=np.bool_)
    for opens, closes in data.windows:
        inside |= (sent >= opens) & (sent < closes)
    return inside


def _refused(data: WindowData) -> Bools:
    return np.asarray(data.attempts.outcome == "rate_limited", dtype=np.bool_)


def _tells_limit(data: WindowData) -> Bools:
    """Whether the head of an answer reports a limit, or what is left of one."""
    attempts = data.attempts
    results = (
        attempts.ratelimit_limit_requests, attempts.ratelimit_limit_tokens,
        attempts.ratelimit_remaining_requests, attempts.ratelimit_remaining_tokens,
    )  # fmt: skip
    return np.asarray(np.any([~np.isnan(result) for result in results], axis=0), dtype=np.bool_)


def _read_limits(data: WindowData, sent: Bools, refused: Bools, asked_tokens: float | None) -> list[ReportedLimit]:
    """The limits that attempts reported."""
    attempts = data.attempts
    let_in = sent & ~refused
    is_long = bool((attempts.ratelimit_reset_requests_ms[sent] > MINUTE_S * 1e3).any())
    requests_s = _middle(attempts.ratelimit_window_requests_s[sent]) or (None if is_long else MINUTE_S)
    parts = [part for part in attempts.ratelimit_tokens_of[sent] if part is not None]
    part = max(set(parts), key=parts.count) if parts else ""
    return [
        ReportedLimit(
            "requests",
            attempts.ratelimit_limit_requests[sent],
            attempts.ratelimit_remaining_requests[sent],
            requests_s,
            float(let_in.sum()),
        ),
        ReportedLimit(
            f"{part} tokens".strip(),
            attempts.ratelimit_limit_tokens[sent],
            attempts.ratelimit_remaining_tokens[sent],
            _middle(attempts.ratelimit_window_tokens_s[sent]) or MINUTE_S,
            _reserved(data, let_in, asked_tokens, part),
        ),
    ]


def _reserved(data: WindowData, let_in: Bools, asked_tokens: float | None, part: str) -> float:
    """Tokens, or a part of them, that a vendor takes off the allowance; prompts of unknown length are as the others."""
    attempts = data.attempts
    read, written = attempts.input_tokens[let_in], attempts.output_tokens[let_in]
    known = read[~np.isnan(read)]
    if not len(known):
        return 0.0
    asked = float(np.nanmean(written)) if asked_tokens is None else asked_tokens
    each = {"input": float(known.mean()), "output": asked}.get(part, float(known.mean()) + asked)
    return len(read) * each


def _middle(values: Floats) -> float | None:
    reported = values[~np.isnan(values)]
    return float(np.median(reported)) if len(reported) else None


def _write_limit(reported: ReportedLimit) -> str:
    if reported.limit is None:
        return f"the server's limit of {reported.kind} ran out"
    return f"the server allows {reported.limit:,.0f} {reported.kind} {_write_time(reported.window_s)}"


def _write_amount(reported: ReportedLimit) -> str:
    return f"{reported.amount:,.0f}" if reported.limit is not None else f"{reported.amount:,.0f} {reported.kind}"


def _write_time(window_s: float | None) -> str:
    if window_s is None:
        return "in an unknown period"
    return TIMES.get(window_s) or f"in {_write_span(window_s)}"


def _write_span(seconds: float) -> str:
    """ "8 s", "5 min"."""
    return f"{seconds / 60:g} min" if seconds >= 120 and seconds % 60 == 0 else f"{seconds:,.0f} s"


RULES = {
    "QUOTA_BOUND": Rule(
        "the account's quota limited the load: the capacity is that of the quota",
        "nothing",
        lambda facts: find_quota_bound(facts.data, facts.workload.output_tokens),
        shown="terminal",
    ),
    "QUOTA_UNTOLD": Rule(
        "quota_share is set, and no answer reported a quota",
        "nothing",
        lambda facts: find_unreported_quota(facts.data, facts.workload.quota_share),
        shown="warning",
    ),
    "UNEXPLAINED_429": Rule(
        "attempts were refused without any quota header",
        "nothing",
        lambda facts: find_unexplained_refusals(facts.data, facts.workload.simulated),
        shown="terminal",
    ),
}
