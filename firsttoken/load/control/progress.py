"""What a load process reports while a run lasts: a new stage, its progress, its result. Pure.

Rule: these are counts of the moment, for the terminal. Every result of a report comes from rows instead: a median
shown here may differ from it by half a per cent, half the width of a histogram's bucket, and tokens/s lack those of
requests that were cut off.
"""

import math
from collections.abc import Sequence

from firsttoken.decoding.duration import NS
from firsttoken.load.budget.cost import NANO
from firsttoken.load.control.counters import Counters
from firsttoken.load.control.histogram import WIDTH, Histogram
from firsttoken.load.control.phases import AUTO, StageClock
from firsttoken.plan.stage import Group, StagePlan
from firsttoken.row import Row

Event = dict[str, object]

MIDDLE = math.exp(-WIDTH / 2)
"""From the upper end of a histogram's bucket to its middle."""


def describe_stage(plan: StagePlan, stages: int | None) -> Event:
    """A stage that begins; `stages` is how many there will be, if that is known."""
    return {"event": "stage", "stages": stages, **_name(plan)}


def describe_tick(clock: StageClock, counters: Counters, now_ns: int, left_ns: int | None, usd: float | None) -> Event:
    """How a stage stands; the time left and the dollars so far are those of the whole run."""
    return {
        "event": "tick",
        **_name(clock.plan),
        "phase": clock.phase,
        "elapsed_s": max(0, now_ns - clock.start_ns) / NS,
        "in_flight": counters.in_flight,
        "ended": counters.ended - counters.failed,
        "failed": counters.failed,
        "ttft_p50_ms": _median_ms(counters.ttft),
        "left_s": None if left_ns is None else left_ns / NS,
        "usd": usd,
    }


def describe_result(clock: StageClock, counters: Counters, now_ns: int, usd: float | None) -> Event:
    """What the measured requests of a stage have shown, once it has ended."""
    measured_s = clock.measured_s(now_ns)
    return {
        "event": "result",
        **_name(clock.plan),
        "measured": counters.measured,
        "failed": counters.measured_failed,
        "ttft_p50_ms": _median_ms(counters.measured_ttft),
        "tokens_per_s": counters.measured_tokens / measured_s if measured_s else None,
        "slo_share": counters.kept / counters.judged if counters.judged else None,
        "judged": counters.judged,
        "usd": usd,
    }


def count_measured_tokens(clock: StageClock, row: Row) -> float:
    """How many tokens of an answer came while its stage measured, as if they had come evenly from first to last."""
    tokens = row.token_events if row.output_tokens is None else row.output_tokens
    if row.output_tokens is not None and row.first_token_ns == row.first_visible_ns:  # reasoning was not streamed
        tokens -= row.reasoning_tokens or 0
    marks = dict(clock.boundaries)
    if "measure" not in marks or row.first_token_ns is None or row.last_token_ns is None:
        return 0.0
    began_ns, ended_ns = max(row.first_token_ns, marks["measure"]), row.last_token_ns
    ended_ns = min(ended_ns, marks.get("hold", ended_ns))
    lasted_ns = row.last_token_ns - row.first_token_ns
    if lasted_ns <= 0:
        return float(tokens) if began_ns <= ended_ns else 0.0
    return tokens * max(0, ended_ns - began_ns) / lasted_ns


def find_usd(all_counters: Sequence[Counters]) -> float | None:
    """Dollars of all attempts by the server's own counts; None where the price of some is not known."""
    if any(counters.unpriced for counters in all_counters):
        return None
    return sum(counters.nano_usd for counters in all_counters) / NANO


def find_left_ns(
    stages: Sequence[tuple[StageClock, Counters]], groups: Sequence[Group] | None, now_ns: int
) -> int | None:
    """About how long the run will last: the present stages and the groups that follow; None where that is unknown.

    A length that follows from the answers is taken at the times that the stages running now have shown.
    """
    if groups is None or not stages:
        return None
    e2e = max((counters.e2e for _, counters in stages), key=lambda histogram: histogram.count)
    running = [_left_of(clock, counters.e2e, now_ns) for clock, counters in stages]
    following = [[_expect_ns(plan, e2e) for plan in group] for group in groups]
    lengths = [_longest(group) for group in [running, *following]]
    return None if None in lengths else sum(length for length in lengths if length is not None)


def _left_of(clock: StageClock, e2e: Histogram, now_ns: int) -> int | None:
    if clock.ended_ns is not None:
        return 0
    if clock.phase == "hold":
        hold_ns = min(clock.plan.hold_ns, e2e.quantile(0.95) or 0)
        return max(0, clock.boundaries[-1][1] + hold_ns - now_ns)
    whole_ns = _expect_ns(clock.plan, e2e)
    return None if whole_ns is None else max(0, clock.start_ns + whole_ns - now_ns)


def _expect_ns(plan: StagePlan, e2e: Histogram) -> int | None:
    """How long a stage takes, given how long its requests took so far; None where it ends by count alone."""
    if plan.measure_ns is None and plan.requests:
        return None
    settle_ns = _auto_ns("settle", e2e) if plan.settle_ns is None else plan.settle_ns
    measure_ns = _auto_ns("measure", e2e) if plan.measure_ns is None else plan.measure_ns
    return plan.ramp_ns + settle_ns + measure_ns + min(plan.hold_ns, e2e.quantile(0.95) or 0)


def _auto_ns(phase: str, e2e: Histogram) -> int:
    q, times, bounds_s = AUTO[phase]
    least_ns, most_ns = (round(bound_s * NS) for bound_s in bounds_s)
    return min(most_ns, max(least_ns, times * (e2e.quantile(q) or 0)))


def _longest(lengths_ns: Sequence[int | None]) -> int | None:
    known = [length for length in lengths_ns if length is not None]
    return max(known) if len(known) == len(lengths_ns) else None


def _name(plan: StagePlan) -> Event:
    names = ("stage", "target", "level", "by", "repeat", "shape", "confirms")
    return {name: getattr(plan, name) for name in names}


def _median_ms(ttft: Histogram) -> float | None:
    ttft_ns = ttft.quantile(0.5)
    return None if ttft_ns is None else ttft_ns * MIDDLE / 1e6
