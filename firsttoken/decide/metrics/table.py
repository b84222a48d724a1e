"""Every result of one set of window data: a table of metric and quantile to an estimate.

Rule: latency quantiles come from measured requests, those that were cut off included at their floor; rates come from
what fell into the measure windows, whichever phase its request belongs to.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from firsttoken.decide.flags.delivery import count_at_work
from firsttoken.decide.measure.attempts import Bools, Floats
from firsttoken.decide.measure.latency import streamed_tokens, ttft_ms
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.metrics.offered_load import measure_arrivals
from firsttoken.decide.metrics.retries import count_dollars, count_quota, count_retries, mean_of, share_of
from firsttoken.stats.estimate import Estimate, nothing
from firsttoken.stats.proportion import proportion_interval
from firsttoken.stats.quantile import quantile_interval
from firsttoken.stats.rate import estimated_share, token_rate, usual_tokens
from firsttoken.stats.sequential import share_interval

Key = tuple[str, float | None]
"""(metric, quantile); the quantile is None where the result is none."""

QUANTILES = (0.5, 0.95, 0.99)
STREAM_QUANTILES = (0.5, 0.05)
"""Of the pace of streams the slow end matters: 95 of 100 are at least as fast as the 0.05 quantile."""


def measure(data: WindowData) -> dict[Key, Estimate]:
    """Every result that an observation carries; one without a measure window has counts and dollars only."""
    results: dict[Key, Estimate] = {
        (metric, None): estimate
        for metric, estimate in {
            "requests": count_of(data.measured),
            "attempts": count_of(data.attempts.measured),
            **count_dollars(data.attempts, data.billed, int(data.judged.met[data.measured].sum()), data.source),
            **measure_tokens(data),
        }.items()
    }
    if not data.windows:
        return results
    plain = {
        **count_retries(data),
        **count_quota(data),
        **measure_slo(data),
        **count_products(data),
        **measure_rates(data),
    }
    plain_results = {(metric, None): estimate for metric, estimate in plain.items()}
    return results | plain_results | measure_quantiles(data) | measure_arrivals(data)


def count_of(chosen: Bools) -> Estimate:
    count = int(chosen.sum())
    return Estimate(float(count), None, None, count, float(count))


def measure_quantiles(data: WindowData) -> dict[Key, Estimate]:
    """Quantiles of every latency, and of the pace of streams, which is the latency per token turned over."""
    results: dict[Key, Estimate] = {}
    for metric in data.latencies:
        results |= {(metric, q): quantile_of(data, metric, q) for q in QUANTILES}
    results |= {("stream_tok_s", q): turn_over(quantile_of(data, "tpot_ms", 1 - q)) for q in STREAM_QUANTILES}
    served = ttft_ms(data.attempts)
    known = data.attempts.measured & ~np.isnan(served) & ~data.attempts.empty
    at, values = data.attempts.intended_ns[known], served[known]
    return results | {
        ("served_ttft_ms", q): quantile_interval(values, q, data.effective_at(at, values, q)) for q in QUANTILES
    }


def quantile_of(data: WindowData, metric: str, q: float) -> Estimate:
    """The q-quantile of a latency over measured requests that have it, those cut off standing at their floor."""
    latency = data.latencies[metric]
    censored = data.requests.unjudged & ~np.isnan(latency.floor)
    chosen = data.measured & (~np.isnan(latency.value) | censored)
    values: Floats = np.where(censored, latency.floor, latency.value)[chosen]
    cut_off = censored[chosen]
    n_eff = data.effective(chosen, np.where(cut_off, np.inf, values), q)
    return quantile_interval(values, q, n_eff, censored=cut_off)


def turn_over(tpot: Estimate) -> Estimate:
    """Tokens per second of an estimate of ms per token: the ends change places, at least becomes at most."""

    def per_second(ms: float | None) -> float | None:
        return None if ms is None or ms == 0 else 1000 / ms

    return Estimate(per_second(tpot.value), per_second(tpot.hi), per_second(tpot.lo), tpot.n, tpot.n_eff, tpot.at_least)


def measure_slo(data: WindowData) -> dict[str, Estimate]:
    """The share of requests that met the SLO, how many of them came a second, and what the others missed."""
    chosen = data.counted
    met, undecided = data.judged.met[chosen], data.judged.undecided[chosen]
    attainment = estimate_attainment(data, int(met.sum()), int(undecided.sum()))
    per_second = len(met) / data.seconds
    missed = {
        f"broken_by_{cause.removesuffix('_ms')}_share": share_of(who[chosen], data.requests.intended_ns[chosen], data)
        for cause, who in data.judged.missed_by.items()
    }
    return {"attainment": attainment, "goodput_rps": scale(attainment, per_second), **missed}


def count_products(data: WindowData) -> dict[str, Estimate]:
    """The shares of the measured answers that were empty, and that ended at the cap on their length."""
    attempts = data.attempts
    chosen = attempts.measured & attempts.succeeded
    at_ns = attempts.intended_ns[chosen]
    at_cap = np.asarray(attempts.outcome == "length", dtype=np.bool_)
    return {
        "empty_share": share_of(attempts.empty[chosen], at_ns, data),
        "at_cap_share": share_of(at_cap[chosen], at_ns, data),
    }


def estimate_attainment(data: WindowData, met: int, undecided: int) -> Estimate:
    """The share of the measured requests that met the SLO, its interval on the effective size.

    Where measuring ended once it was decided the interval is one that holds however often one looks.
    """
    chosen = data.counted
    asked, share = int(chosen.sum()), data.slo.share
    n_eff = data.effective(chosen, data.judged.met[chosen].astype(np.float64))
    if not data.slo.watched or not asked:
        return proportion_interval(met, asked, n_eff, undecided=undecided)
    return share_interval(met, asked, share, design_effect=max(1.0, asked / n_eff), undecided=undecided)


def scale(estimate: Estimate, factor: float) -> Estimate:
    """An estimate times a number that is known."""
    value, lo, hi = (None if end is None else end * factor for end in (estimate.value, estimate.lo, estimate.hi))
    return Estimate(value, lo, hi, estimate.n, estimate.n_eff, estimate.at_least)


def measure_rates(data: WindowData) -> dict[str, Estimate]:
    """What went through in the measure windows: requests and tokens a second, users busy with a request."""
    asked = int(data.measured.sum())
    rates = {
        "request_rps": Estimate(asked / data.seconds, None, None, asked, float(asked)),
        "users_busy": users_busy(data),
        **measure_tokens_rate(data),
    }
    if "tpot_ms" in data.slo.limits_ms:
        rates["late_share"] = late_share(data)
    return rates


def users_busy(data: WindowData) -> Estimate:
    """The mean number of users inside a request over the measure windows, attempts and back-off together."""
    requests = len(data.requests)
    return Estimate(count_at_work(data), None, None, requests, float(requests))


def measure_tokens_rate(data: WindowData) -> dict[str, Estimate]:
    """Output tokens that arrived in the measure windows per second, and the share of them that was estimated.

    Attempts of any phase. Where no stream that arrived reported its usage there is no rate: chunks are no tokens.
    """
    begun = ~np.isnan(data.attempts.first_token_ns)
    if not begun.any():
        return {"system_tok_s": nothing(), "estimated_tokens_share": nothing()}
    per_event = usual_tokens(streamed_tokens(data.attempts)[begun], data.attempts.gap_count[begun] + 1)
    share = estimated_share(data.streams.arrived, per_event)
    whole = system_rate(data, per_event) if share < 1 else nothing()
    told = Estimate(share, None, None, whole.n, float(whole.n))
    return {"system_tok_s": replace(whole, estimated=share > 0), "estimated_tokens_share": told}


def system_rate(data: WindowData, per_event: float) -> Estimate:
    """Tokens that arrived in the measure windows per second, so many in an event that told none."""
    rates = [token_rate(arrived, per_event, data.request_ns) for arrived in data.streams.arrived]
    if len(rates) == 1:
        return rates[0]
    lengths = np.array([end - begin for begin, end in data.windows], dtype=np.float64)
    value = float(np.average([each.value or 0.0 for each in rates], weights=lengths))
    return Estimate(value, None, None, sum(each.n for each in rates), sum(each.n_eff for each in rates))


def late_share(data: WindowData) -> Estimate:
    """The share of tokens that came later than a reader at the pace of the SLO needs them, over measured answers."""
    answered = data.attempts.measured & data.attempts.answered
    tokens = streamed_tokens(data.attempts)
    known = answered & ~np.isnan(tokens) & ~data.attempts.buffered
    total = float(tokens[known].sum())
    late = float(data.streams.late_tokens[known].sum())
    return Estimate(late / total, None, None, int(known.sum()), float(known.sum())) if total else nothing()


def measure_tokens(data: WindowData) -> dict[str, Estimate]:
    """Mean lengths of the measured answers that reported their usage, and how much of their prompts came from a cache.

    An empty answer has no length that others could be held against.
    """
    attempts = data.attempts
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
