"""How fast answers came: latencies of requests, the pace of their streams, and tokens a second of all of them.

Rule: latency quantiles come from measured requests, those that were cut off included at their floor; the rate of all
streams comes from what fell into the measure windows, whichever phase its request belongs to.
"""

from dataclasses import replace

import numpy as np

from firsttoken.decide.measure.attempts import Floats
from firsttoken.decide.measure.latency import streamed_tokens, ttft_ms
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.metrics.metric import Metric, OfLowestLoad, OfQuantiles, OfWindow, Peers, Term
from firsttoken.stats.estimate import Estimate, nothing
from firsttoken.stats.quantile import quantile_interval
from firsttoken.stats.rate import estimated_share, token_rate, usual_tokens

STREAM_QUANTILES = (0.5, 0.05)
"""Of the pace of streams the slow end matters: 95 of 100 are at least as fast as the 0.05 quantile."""


def of_latency(name: str) -> OfQuantiles:
    """Quantiles of one of the latencies that every request has."""
    return OfQuantiles(lambda data, q: quantile_of(data, name, q))


def quantile_of(data: WindowData, name: str, q: float) -> Estimate:
    """The q-quantile of a latency over measured requests that have it, those cut off standing at their floor."""
    latency = data.latencies[name]
    censored = data.requests.unjudged & ~np.isnan(latency.floor)
    chosen = data.measured & (~np.isnan(latency.value) | censored)
    values: Floats = np.where(censored, latency.floor, latency.value)[chosen]
    cut_off = censored[chosen]
    n_eff = data.effective(chosen, np.where(cut_off, np.inf, values), q)
    return quantile_interval(values, q, n_eff, censored=cut_off)


def served_ttft(data: WindowData, q: float) -> Estimate:
    """The q-quantile of the time to first token of every measured attempt that got one, and answered."""
    served = ttft_ms(data.attempts)
    known = data.attempts.measured & ~np.isnan(served) & ~data.attempts.empty
    at, values = data.attempts.intended_ns[known], served[known]
    return quantile_interval(values, q, data.effective_at(at, values, q))


def stream_pace(data: WindowData, q: float) -> Estimate:
    """The q-quantile of the pace of streams, which is the time per token turned over."""
    return turn_over(quantile_of(data, "tpot_ms", 1 - q))


def turn_over(tpot: Estimate) -> Estimate:
    """Tokens per second of an estimate of ms per token: the ends change places, at least becomes at most."""

    def per_second(ms: float | None) -> float | None:
        return None if ms is None or ms == 0 else 1000 / ms

    return Estimate(per_second(tpot.value), per_second(tpot.hi), per_second(tpot.lo), tpot.n, tpot.n_eff, tpot.at_least)


def system_rate(data: WindowData) -> Estimate:
    """Output tokens that arrived in the measure windows per second, of attempts of any phase.

    Where no stream that arrived reported its usage there is no rate: chunks are no tokens.
    """
    share, per_event = _uncounted(data)
    if share is None or share >= 1:
        return nothing()
    return replace(_rate_of(data, per_event), estimated=share > 0)


def uncounted_share(data: WindowData) -> Estimate:
    """The share of the arrived tokens that no server counted."""
    share, per_event = _uncounted(data)
    if share is None:
        return nothing()
    n = _rate_of(data, per_event).n if share < 1 else 0
    return Estimate(share, None, None, n, float(n))


def _uncounted(data: WindowData) -> tuple[float | None, float]:
    """The share of the arrived tokens that no server counted, and how many tokens an event of theirs is taken for."""
    begun = ~np.isnan(data.attempts.first_token_ns)
    if not begun.any():
        return None, 0.0
    per_event = usual_tokens(streamed_tokens(data.attempts)[begun], data.attempts.gap_count[begun] + 1)
    return estimated_share(data.streams.arrived, per_event), per_event


def _rate_of(data: WindowData, per_event: float) -> Estimate:
    """Tokens that arrived in the measure windows per second, so many in an event of a stream that was not counted."""
    rates = [token_rate(arrived, per_event, data.request_ns) for arrived in data.streams.arrived]
    if len(rates) == 1:
        return rates[0]
    lengths = np.array([end - begin for begin, end in data.windows], dtype=np.float64)
    value = float(np.average([each.value or 0.0 for each in rates], weights=lengths))
    return Estimate(value, None, None, sum(each.n for each in rates), sum(each.n_eff for each in rates))


def late_share(data: WindowData) -> Estimate | None:
    """The share of tokens that came later than a reader at the pace of the SLO needs them, over measured answers."""
    if "tpot_ms" not in data.slo.limits_ms:
        return None
    answered = data.attempts.measured & data.attempts.answered
    tokens = streamed_tokens(data.attempts)
    known = answered & ~np.isnan(tokens) & ~data.attempts.buffered
    total = float(tokens[known].sum())
    late = float(data.streams.late_tokens[known].sum())
    return Estimate(late / total, None, None, int(known.sum()), float(known.sum())) if total else nothing()


TERMS = (
    Term(
        name="TTFT",
        meaning="time to first token",
        unit="ms, s",
        formula=(
            "first_token − sent. From just before the first byte goes to the kernel, on an open connection, "
            "to the arrival of the first non-empty reasoning, content, refusal or tool-call delta. Served "
            "TTFT: the same of every attempt that got one."
        ),
        over="measured answers",
        metrics={
            "ttft_ms": Metric(unit="ms", label="TTFT", of=of_latency("ttft_ms"), instrument_error="first token"),
            "served_ttft_ms": Metric(
                unit="ms", label="Served TTFT", of=OfQuantiles(served_ttft), instrument_error="first token"
            ),
        },
        peers=Peers(
            vllm="to the first message with choices: an empty role chunk counts",
            aiperf="same",
            guidellm="same event; wall clock, not monotonic",
            mlperf_endpoints="first chunk received − issued",
        ),
    ),
    Term(
        name="TTFO",
        meaning="time to first visible output",
        unit="ms, s",
        formula=(
            "first_visible − sent: the first content, refusal or tool call. Later than TTFT where a model "
            "reasons first."
        ),
        over="measured answers",
        metrics={"ttfo_ms": Metric(unit="ms", label="TTFO", of=of_latency("ttfo_ms"), instrument_error="first token")},
        peers=Peers(aiperf="TTFO", guidellm="TTFOT"),
    ),
    Term(
        name="User-perceived TTFT",
        meaning="first word as the user perceives it",
        unit="ms, s",
        formula=(
            "first_token of the attempt that succeeded − intended of the first attempt: failed attempts and "
            "back-off are inside. Infinite for a request that failed. In an open loop intended is the "
            "schedule's, so lateness is inside too; a closed loop has no schedule and cannot see it."
        ),
        over="measured requests",
        metrics={
            "felt_ttft_ms": Metric(
                unit="ms", label="User-perceived TTFT", of=of_latency("felt_ttft_ms"), instrument_error="first token"
            )
        },
    ),
    Term(
        name="TPOT",
        meaning="time per output token",
        unit="ms",
        formula=(
            "(last_token − first_token) / (streamed − 1). Streamed: output tokens, less reasoning whose text "
            "was not streamed. Tokens are the server's own count; chunks are never tokens."
        ),
        over="measured answers",
        metrics={"tpot_ms": Metric(unit="ms", label="TPOT", of=of_latency("tpot_ms"), instrument_error="gap")},
        peers=Peers(
            vllm="(latency − TTFT) / (n − 1); latency ends at the last chunk with choices",
            aiperf="called ITL",
            guidellm="called ITL; its TPOT, (last − start) / n, holds TTFT too",
            mlperf_endpoints="(complete − first) / tokens after the first chunk, by client tokenizer",
        ),
    ),
    Term(
        name="Stream tok/s",
        meaning="sustained pace of a stream",
        unit="tok/s",
        formula="1 / TPOT; relative: against the lowest load",
        over="measured answers",
        metrics={
            "stream_tok_s": Metric(
                unit="tok/s", label="Per stream", of=OfQuantiles(stream_pace, STREAM_QUANTILES), unfinished="at most"
            ),
            "stream_relative": Metric(
                unit="ratio",
                label="Per stream, to the lowest load",
                of=OfLowestLoad("stream_tok_s", 0.5),
                unfinished="at most",
            ),
        },
        peers=Peers(aiperf="output token throughput per user", guidellm="n / latency: holds TTFT too"),
    ),
    Term(
        name="System tok/s",
        meaning="throughput",
        unit="tok/s",
        formula=(
            "output tokens that arrived in the measure window / its length, a stream's tokens spread evenly "
            "over its token events; relative: against the lowest load; ≈: streams that reported no usage count as "
            "many tokens an event as the others had; estimated: their share; unknown where none reported any"
        ),
        over="attempts of any phase",
        metrics={
            "system_tok_s": Metric(unit="tok/s", label="All streams", of=OfWindow(system_rate)),
            "system_relative": Metric(
                unit="ratio", label="All streams, to the lowest load", of=OfLowestLoad("system_tok_s")
            ),
            "estimated_tokens_share": Metric(unit="share", label="Tokens not counted", of=OfWindow(uncounted_share)),
        },
        peers=Peers(
            vllm="tokens / whole run, ramp and drain inside",
            aiperf="tokens of valid requests / run",
            guidellm="tokens / benchmark duration",
            mlperf_endpoints="tokens / window up to the last completion",
        ),
    ),
    Term(
        name="Stall",
        meaning="longest silence",
        unit="ms",
        formula="longest gap between two token events of a stream",
        over="measured answers",
        metrics={"stall_ms": Metric(unit="ms", label="Longest gap", of=of_latency("stall_ms"))},
        peers=Peers(
            vllm="ITL lists the gaps between chunks",
            aiperf="ICL lists the gaps between chunks",
            guidellm="not kept",
            mlperf_endpoints="chunk delta",
        ),
    ),
    Term(
        name="Late share",
        meaning="tokens a reader waits for",
        unit="%",
        formula="tokens that came later than a reader at the pace of the SLO's TPOT needs them / tokens",
        over="measured answers",
        metrics={"late_share": Metric(unit="share", label="Late tokens", of=OfWindow(late_share))},
    ),
    Term(
        name="End to end",
        meaning="the whole answer",
        unit="ms, s",
        formula="end − intended of the first attempt",
        over="measured answers",
        metrics={"e2e_ms": Metric(unit="ms", label="End to end", of=of_latency("e2e_ms"))},
        peers=Peers(
            vllm="E2EL: to the last chunk with choices",
            aiperf="to the last content chunk",
            guidellm="to the end of the stream",
            mlperf_endpoints="complete − issued",
        ),
    ),
)
