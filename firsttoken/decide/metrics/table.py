"""Every figure of one observation: a table of metric and quantile to an estimate.

Rule: latency quantiles come from measured requests, those that were cut off included at their floor; rates come from
what fell into the measure windows, whichever phase its request belongs to.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from firsttoken.decide.flags.delivery import count_at_work
from firsttoken.decide.measure.attempts import Bools, Floats
from firsttoken.decide.measure.latency import streamed_tokens, ttft_ms
from firsttoken.decide.measure.window_data import Observation
from firsttoken.decide.metrics.offered_load import measure_arrivals
from firsttoken.decide.metrics.retries import count_dollars, count_quota, count_retries, mean_of, share_of
from firsttoken.stats.estimate import Estimate, nothing
from firsttoken.stats.proportion import proportion_interval
from firsttoken.stats.quantile import quantile_interval
from firsttoken.stats.rate import estimated_share, token_rate, usual_tokens
from firsttoken.stats.sequential import share_interval

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
        **count_products(seen),
        **measure_rates(seen),
    }
    plain_figures = {(metric, None): estimate for metric, estimate in plain.items()}
    return figures | plain_figures | measure_quantiles(seen) | measure_arrivals(seen)


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
    known = seen.attempts.measured & ~np.isnan(served) & ~seen.attempts.empty
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
    chosen = seen.promised
    kept, undecided = seen.judged.kept[chosen], seen.judged.undecided[chosen]
    attainment = estimate_attainment(seen, int(kept.sum()), int(undecided.sum()))
    per_second = len(kept) / seen.seconds
    broken = {
        f"broken_by_{cause.removesuffix('_ms')}_share": share_of(who[chosen], seen.requests.intended_ns[chosen], seen)
        for cause, who in seen.judged.broken_by.items()
    }
    return {"attainment": attainment, "goodput_rps": scale(attainment, per_second), **broken}


def count_products(seen: Observation) -> dict[str, Estimate]:
    """The shares of the measured answers that were empty, and that ended at the cap on their length."""
    attempts = seen.attempts
    chosen = attempts.measured & attempts.succeeded
    at_ns = attempts.intended_ns[chosen]
    at_cap = np.asarray(attempts.outcome == "length", dtype=np.bool_)
    return {
        "empty_share": share_of(attempts.empty[chosen], at_ns, seen),
        "at_cap_share": share_of(at_cap[chosen], at_ns, seen),
    }


def estimate_attainment(seen: Observation, kept: int, undecided: int) -> Estimate:
    """The share of the measured requests that kept the promise, its interval on the effective size.

    Where measuring ended once it was decided the interval is one that holds however often one looks.
    """
    chosen = seen.promised
    asked, share = int(chosen.sum()), seen.promise.share
    n_eff = seen.effective(chosen, seen.judged.kept[chosen].astype(np.float64))
    if not seen.promise.watched or not asked:
        return proportion_interval(kept, asked, n_eff, undecided=undecided)
    return share_interval(kept, asked, share, design_effect=max(1.0, asked / n_eff), undecided=undecided)


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
        rates["late_share"] = late_share(seen)
    return rates


def users_busy(seen: Observation) -> Estimate:
    """The mean number of users inside a request over the measure windows, attempts and back-off together."""
    requests = len(seen.requests)
    return Estimate(count_at_work(seen), None, None, requests, float(requests))


def measure_tokens_rate(seen: Observation) -> dict[str, Estimate]:
    """Output tokens that arrived in the measure windows per second, and the share of them that nobody counted.

    Attempts of any phase. Where no stream that arrived told its usage there is no rate: chunks are no tokens.
    """
    begun = ~np.isnan(seen.attempts.first_token_ns)
    if not begun.any():
        return {"system_tok_s": nothing(), "estimated_tokens_share": nothing()}
    per_event = usual_tokens(streamed_tokens(seen.attempts)[begun], seen.attempts.gap_count[begun] + 1)
    share = estimated_share(seen.streams.arrived, per_event)
    whole = system_rate(seen, per_event) if share < 1 else nothing()
    told = Estimate(share, None, None, whole.n, float(whole.n))
    return {"system_tok_s": replace(whole, estimated=share > 0), "estimated_tokens_share": told}


def system_rate(seen: Observation, per_event: float) -> Estimate:
    """Tokens that arrived in the measure windows per second, so many in an event that told none."""
    rates = [token_rate(arrived, per_event, seen.request_ns) for arrived in seen.streams.arrived]
    if len(rates) == 1:
        return rates[0]
    lengths = np.array([end - begin for begin, end in seen.windows], dtype=np.float64)
    value = float(np.average([each.value or 0.0 for each in rates], weights=lengths))
    return Estimate(value, None, None, sum(each.n for each in rates), sum(each.n_eff for each in rates))


def late_share(seen: Observation) -> Estimate:
    """The share of tokens that came later than a reader at the promised pace needs them, over measured answers."""
    answered = seen.attempts.measured & seen.attempts.answered
    tokens = streamed_tokens(seen.attempts)
    known = answered & ~np.isnan(tokens) & ~seen.attempts.buffered
    total = float(tokens[known].sum())
    late = float(seen.streams.late_tokens[known].sum())
    return Estimate(late / total, None, None, int(known.sum()), float(known.sum())) if total else nothing()


def measure_tokens(seen: Observation) -> dict[str, Estimate]:
    """Mean lengths of the measured answers that told their usage, and how much of their prompts came from a cache.

    An empty answer has no length that others could be held against.
    """
    attempts = seen.attempts
    known = attempts.metered & attempts.answered & attempts.measured
    read = float(attempts.input_tokens[known].sum())
    cached = np.nan_to_num(attempts.cached_tokens[known])
    return {
        "input_tokens_mean": mean_of(attempts.input_tokens[known]),
        "output_tokens_mean": mean_of(attempts.output_tokens[known]),
        "asked_input_tokens_mean": mean_of(_told(attempts.asked_input_tokens[known])),
        "asked_output_tokens_mean": mean_of(_told(attempts.asked_output_tokens[known])),
        "cached_share": Estimate(float(cached.sum()) / read, None, None, len(cached), len(cached))
        if read
        else nothing(),
    }


def _told(values: Floats) -> Floats:
    return values[~np.isnan(values)]
