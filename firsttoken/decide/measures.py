"""Every figure of one observation: a table of metric and quantile to an estimate.

Rule: latency quantiles come from measured requests, those that were cut off included at their floor; rates come from
what fell into the measure windows, whichever phase its request belongs to.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from firsttoken.decide.attempts import Attempts, Bools, Floats
from firsttoken.decide.latency import late_tokens, streamed_tokens, ttft_ms
from firsttoken.decide.observation import Observation
from firsttoken.decide.retries import count_dollars, count_quota, count_retries, mean_of, share_of
from firsttoken.stats.estimate import Estimate, nothing
from firsttoken.stats.proportion import proportion_interval
from firsttoken.stats.quantile import quantile_interval
from firsttoken.stats.rate import TokenArrivals, rate, token_arrivals

Key = tuple[str, float | None]
"""(metric, quantile); the quantile is None where the figure is none."""

QUANTILES = (0.5, 0.95, 0.99)
STREAM_QUANTILES = (0.5, 0.05)
"""Of the pace of streams the slow end matters: 95 of 100 are at least as fast as the 0.05 quantile."""


def measure(seen: Observation) -> dict[Key, Estimate]:
    """Every figure that an observation carries; one without a measure window has counts and dollars only."""
    figures: dict[Key, Estimate] = {
        (metric, None): estimate
        for metric, estimate in {
            "requests": count_of(seen.measured),
            "attempts": count_of(seen.attempts.measured),
            **count_dollars(seen.attempts, seen.billed, int(seen.judged.kept[seen.measured].sum()), seen.source),
            **measure_tokens(seen),
        }.items()
    }
    if not seen.windows:
        return figures
    plain = {
        **count_retries(seen),
        **count_quota(seen),
        **measure_promise(seen),
        **measure_rates(seen),
    }
    return figures | {(metric, None): estimate for metric, estimate in plain.items()} | measure_quantiles(seen)


def count_of(chosen: Bools) -> Estimate:
    count = int(chosen.sum())
    return Estimate(float(count), None, None, count, float(count))


def measure_quantiles(seen: Observation) -> dict[Key, Estimate]:
    """Quantiles of every latency, and of the pace of streams, which is the latency per token turned over."""
    figures: dict[Key, Estimate] = {}
    for metric in seen.latencies:
        figures |= {(metric, q): quantile_of(seen, metric, q) for q in QUANTILES}
    figures |= {("stream_tok_s", q): turn_over(quantile_of(seen, "tpot_ms", 1 - q)) for q in STREAM_QUANTILES}
    served = ttft_ms(seen.attempts)
    known = seen.attempts.measured & ~np.isnan(served)
    at, values = seen.attempts.intended_ns[known], served[known]
    return figures | {
        ("served_ttft_ms", q): quantile_interval(values, q, seen.effective_at(at, values, q)) for q in QUANTILES
    }


def quantile_of(seen: Observation, metric: str, q: float) -> Estimate:
    """The q-quantile of a latency over measured requests that have it, those cut off standing at their floor."""
    latency = seen.latencies[metric]
    censored = seen.requests.unjudged & ~np.isnan(latency.floor)
    chosen = seen.measured & (~np.isnan(latency.value) | censored)
    values: Floats = np.where(censored, latency.floor, latency.value)[chosen]
    cut_off = censored[chosen]
    n_eff = seen.effective(chosen, np.where(cut_off, np.inf, values), q)
    return quantile_interval(values, q, n_eff, censored=cut_off)


def turn_over(tpot: Estimate) -> Estimate:
    """Tokens per second of an estimate of ms per token: the ends change places, at least becomes at most."""

    def per_second(ms: float | None) -> float | None:
        return None if ms is None or ms == 0 else 1000 / ms

    return Estimate(per_second(tpot.value), per_second(tpot.hi), per_second(tpot.lo), tpot.n, tpot.n_eff, tpot.at_least)


def measure_promise(seen: Observation) -> dict[str, Estimate]:
    """The share of requests that kept the promise, how many of them came a second, and what broke the others."""
    chosen = seen.measured
    kept, undecided = seen.judged.kept[chosen], seen.judged.undecided[chosen]
    n_eff = seen.effective(chosen, kept.astype(np.float64))
    attainment = proportion_interval(int(kept.sum()), len(kept), n_eff, undecided=int(undecided.sum()))
    per_second = len(kept) / seen.seconds
    broken = {
        f"broken_by_{cause.removesuffix('_ms')}_share": share_of(who[chosen], seen.requests.intended_ns[chosen], seen)
        for cause, who in seen.judged.broken_by.items()
    }
    return {"attainment": attainment, "goodput_rps": scale(attainment, per_second), **broken}


def scale(estimate: Estimate, factor: float) -> Estimate:
    """An estimate times a number that is known."""
    value, lo, hi = (None if end is None else end * factor for end in (estimate.value, estimate.lo, estimate.hi))
    return Estimate(value, lo, hi, estimate.n, estimate.n_eff, estimate.at_least)


def measure_rates(seen: Observation) -> dict[str, Estimate]:
    """What went through in the measure windows: requests and tokens a second, users busy with a request."""
    asked = int(seen.measured.sum())
    rates = {
        "request_rps": Estimate(asked / seen.seconds, None, None, asked, float(asked)),
        "users_busy": users_busy(seen),
        **measure_tokens_rate(seen),
    }
    if "tpot_ms" in seen.promise.limits_ms:
        rates["late_share"] = late_share(seen, seen.promise.limits_ms["tpot_ms"])
    return rates


def users_busy(seen: Observation, think_s: float = 0.0) -> Estimate:
    """The mean number of users inside a request over the measure windows, attempts and back-off together.

    With think_s, users who think for so long after a request are counted too.
    """
    begin, end = seen.requests.intended_ns, seen.requests.end_ns + 1e9 * think_s
    busy_ns = 0.0
    for opens, closes in seen.windows:
        inside = np.fmin(end, closes) - np.maximum(begin, opens)  # an end that nobody saw lies after the window
        busy_ns += float(np.clip(inside, 0, None).sum())
    return Estimate(busy_ns / 1e9 / seen.seconds, None, None, len(begin), float(len(begin)))


def measure_tokens_rate(seen: Observation) -> dict[str, Estimate]:
    """Output tokens that arrived in the measure windows per second, and the share of them that nobody counted.

    Attempts of any phase. Where no stream that arrived told its usage there is no rate: chunks are no tokens.
    """
    arrivals = _arrivals(seen.attempts)
    if arrivals is None:
        return {"system_tok_s": nothing(), "estimated_tokens_share": nothing()}
    share = arrivals.estimated_share(*seen.windows)
    whole = system_rate(arrivals, seen) if share < 1 else nothing()
    told = Estimate(share, None, None, whole.n, float(whole.n))
    return {"system_tok_s": replace(whole, estimated=share > 0), "estimated_tokens_share": told}


def _arrivals(attempts: Attempts) -> TokenArrivals | None:
    """The token events of every attempt that streamed; None where none did."""
    begun = ~np.isnan(attempts.first_token_ns)
    if not begun.any():
        return None
    gaps_us = np.split(attempts.gaps_us, np.cumsum(attempts.gap_counts)[:-1])
    return token_arrivals(
        attempts.first_token_ns[begun],
        [gaps for gaps, came in zip(gaps_us, begun, strict=True) if came],
        streamed_tokens(attempts)[begun],
    )


def system_rate(arrivals: TokenArrivals, seen: Observation) -> Estimate:
    """Tokens that arrived in the measure windows per second."""
    rates = [rate(arrivals.at_ns, arrivals.tokens, window, seen.request_ns) for window in seen.windows]
    if len(rates) == 1:
        return rates[0]
    lengths = np.array([end - begin for begin, end in seen.windows], dtype=np.float64)
    value = float(np.average([each.value or 0.0 for each in rates], weights=lengths))
    return Estimate(value, None, None, sum(each.n for each in rates), sum(each.n_eff for each in rates))


def late_share(seen: Observation, pace_ms: float) -> Estimate:
    """The share of tokens that came later than a reader at the promised pace needs them, over measured answers."""
    answered = seen.attempts.measured & seen.attempts.succeeded
    tokens = streamed_tokens(seen.attempts)
    known = answered & ~np.isnan(tokens)
    total = float(tokens[known].sum())
    late = float(late_tokens(seen.attempts, pace_ms)[known].sum())
    return Estimate(late / total, None, None, int(known.sum()), float(known.sum())) if total else nothing()


def measure_tokens(seen: Observation) -> dict[str, Estimate]:
    """Mean lengths of the measured answers that told their usage, and how much of their prompts came from a cache."""
    attempts = seen.attempts
    known = attempts.metered & attempts.succeeded & attempts.measured
    read = float(attempts.input_tokens[known].sum())
    cached = np.nan_to_num(attempts.cached_tokens[known])
    return {
        "input_tokens_mean": mean_of(attempts.input_tokens[known]),
        "output_tokens_mean": mean_of(attempts.output_tokens[known]),
        "cached_share": Estimate(float(cached.sum()) / read, None, None, len(cached), len(cached))
        if read
        else nothing(),
    }
