"""A metric value: one number of a run with its unit, its sample size and its interval, as `summary.json` keeps it.

Rule: a result is finite, or infinite because a request never got its answer, or None because it is unknown. An
interval with one end only is not shown as an interval.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class MetricValue(msgspec.Struct, frozen=True, kw_only=True):
    """One number; `level` None is over all levels, `repeat` None over all repeats, `q` None is no quantile."""

    target: str
    level: float | None
    repeat: int | None
    metric: str
    q: float | None
    value: float | None
    unit: str
    n: int
    """How many requests, attempts or seconds the value rests on."""
    lo: float | None
    hi: float | None
    """The ends of the 95 % interval; of dollars and wasted tokens flagged ESTIMATE the ends of what is possible."""
    flags: tuple[str, ...] = ()


Find = Callable[[str, float | None, float | None], MetricValue | None]
"""(metric, level, q) -> the value over all repeats of one target."""

UNITS: dict[str, str] = {
    "ttft_ms": "ms",
    "ttfo_ms": "ms",
    "felt_ttft_ms": "ms",
    "served_ttft_ms": "ms",
    "tpot_ms": "ms",
    "e2e_ms": "ms",
    "stall_ms": "ms",
    "stream_tok_s": "tok/s",
    "system_tok_s": "tok/s",
    "estimated_tokens_share": "share",
    "late_share": "share",
    "stream_relative": "ratio",
    "system_relative": "ratio",
    "attainment": "share",
    "broken_by_error_share": "share",
    "broken_by_empty_share": "share",
    "broken_by_ttft_share": "share",
    "broken_by_ttfo_share": "share",
    "broken_by_felt_ttft_share": "share",
    "broken_by_tpot_share": "share",
    "broken_by_e2e_share": "share",
    "goodput_rps": "1/s",
    "empty_share": "share",
    "at_cap_share": "share",
    "request_rps": "1/s",
    "users_busy": "users",
    "arrivals_rps": "1/s",
    "answered_rps": "1/s",
    "dropped": "count",
    "lateness_ms": "ms",
    "lateness_max_ms": "ms",
    "requests": "count",
    "attempts": "count",
    "error_share": "share",
    "rate_limited_share": "share",
    "gave_up_per_1000": "per 1,000",
    "retried_per_1000": "per 1,000",
    "saved_per_1000": "per 1,000",
    "attempts_per_request": "count",
    "backoff_ms_per_request": "ms",
    "wasted_attempts_share": "share",
    "wasted_tokens_share": "share",
    "quota_used_share": "share",
    "retry_tax": "ratio",
    "dollars": "USD",
    "dollars_per_1000_good": "USD",
    "input_tokens_mean": "tokens",
    "output_tokens_mean": "tokens",
    "asked_input_tokens_mean": "tokens",
    "asked_output_tokens_mean": "tokens",
    "cached_share": "share",
    "bill_day": "USD",
    "bill_input_day": "USD",
    "bill_output_day": "USD",
    "bill_month": "USD",
    "bill_input_month": "USD",
    "bill_output_month": "USD",
    "needed_rps": "1/s",
    "needed_users": "users",
    "confirmed_at": "1/s",
    "confirmed_share": "share",
    "recovery_ms": "ms",
}
"""Metric -> unit: every metric that a summary may hold."""
