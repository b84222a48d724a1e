"""Whether requests meet the SLO, judged one by one during the run. Pure.

Rule: the judgement is the report's own, made of the rows of one request instead of arrays (decide/measure/slo.py has
the words, decide/measure/latency.py the definitions); a test holds the two together. Nothing that is printed comes
from here: it only decides when a level of a search, or an automatic window, can end.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from firsttoken.row import BUFFERED, BURST_TOKENS, OUTCOMES, REASONING_SUMMARY, SUCCESS, UNSEEN_FIRST_WORD, Row
from firsttoken.scenario.slo import Slo

NS_PER_MS = 1e6


class LatencyLimits(NamedTuple):
    """The limits of the SLO: the most that a latency may be, in ms; None: no limit."""

    ttft_ms: float | None = None
    ttfo_ms: float | None = None
    felt_ttft_ms: float | None = None
    tpot_ms: float | None = None
    e2e_ms: float | None = None


class Latency(NamedTuple):
    """One latency of one request, in ms: known, or known to be at least `floor`, or, with neither, undefined."""

    value: float | None = None
    floor: float | None = None


def read_limits(slo: Slo) -> LatencyLimits:
    """The limits of a scenario's SLO."""
    return LatencyLimits(**slo.limits_ms)


def keeps(limits: LatencyLimits, rows: Sequence[Row], stopped_ns: int | None = None) -> bool | None:
    """Whether a request meets the SLO, by the rows of its attempts in order; None where that is unknown.

    It breaks it by giving up, by an empty answer, and by being past a limit even where it was cut off; it keeps it by
    success within every limit. stopped_ns: when its stage ended, or the present while it runs, for a request that has
    not ended by then: one that waits to be tried again, or whose last row is a start line.
    """
    latencies = measure_request(rows, stopped_ns)
    verdicts = [_holds(latency, limit_ms) for latency, limit_ms in zip(latencies, limits, strict=True)]
    if _gave_up(rows[-1]) or is_empty(rows[-1]) or False in verdicts:
        return False
    return True if rows[-1].outcome in SUCCESS and None not in verdicts else None


def shows(limits: LatencyLimits, rows: Sequence[Row], now_ns: int) -> bool | None:
    """What a request shows of a running level: `keeps`, except that a buffered answer meets no SLO.

    The report lets no level pass that has more than a few of them, so that a search must not go by them either.
    """
    kept = keeps(limits, rows, now_ns)
    return None if kept and is_held_back(rows[-1]) else kept


def is_held_back(row: Row) -> bool:
    """Whether an answer, and no short one, came whole or in one burst."""
    return BUFFERED in row.checks and not (row.output_tokens is not None and row.output_tokens < BURST_TOKENS)


def _holds(latency: Latency, limit_ms: float | None) -> bool | None:
    """Whether a latency is within its limit, if there is one; an undefined latency exceeds none."""
    if limit_ms is None:
        return True
    if any(known is not None and known > limit_ms for known in latency):
        return False
    return True if latency.floor is None else None


def measure_request(rows: Sequence[Row], stopped_ns: int | None = None) -> tuple[Latency, ...]:
    """Every latency of a request in the order of the limits; `rows` and `stopped_ns` as for `keeps`.

    One that failed took for ever for its user, and has no other latency; an empty answer has none.
    """
    last, intended_ns, end_ns = rows[-1], rows[0].intended_ns, _find_end(rows[-1], stopped_ns)
    if is_empty(last):
        return tuple(Latency() for _ in LatencyLimits._fields)
    if _gave_up(last):
        return Latency(), Latency(), Latency(math.inf), Latency(), Latency()
    waiting, succeeded = _waits(last), last.outcome in SUCCESS
    waited, lived = 0.0 if waiting else _since(last.sent_ns, end_ns), _since(intended_ns, end_ns)

    def until(mark_ns: int | None, begin_ns: int | None, so_far: float | None) -> Latency:
        taken = None if waiting else _since(begin_ns, mark_ns)
        return Latency(floor=math.inf if succeeded else so_far or 0.0) if taken is None else Latency(taken)

    ttfo = until(last.first_visible_ns, last.sent_ns, waited)
    if succeeded and ttfo.value is None and UNSEEN_FIRST_WORD in last.checks:
        ttfo = Latency(floor=_since(last.sent_ns, last.first_token_ns) or 0.0)
    return (
        until(last.first_token_ns, last.sent_ns, waited),
        ttfo,
        until(last.first_token_ns, intended_ns, lived),
        _measure_pace(last) if succeeded else Latency(floor=0.0),
        Latency(lived) if succeeded else Latency(floor=lived or 0.0),
    )


def is_empty(last: Row) -> bool:
    """Whether an attempt succeeded without a product: no visible token and no tool call came."""
    given = last.first_visible_ns is not None or UNSEEN_FIRST_WORD in last.checks or last.tool_calls
    return last.outcome in SUCCESS and not given


def _gave_up(last: Row) -> bool:
    return _failed(last) and last.backoff_ms is None


def _waits(last: Row) -> bool:
    """Whether a next attempt is due after the last."""
    return _failed(last) and last.backoff_ms is not None


def _failed(row: Row) -> bool:
    """Whether an attempt ended in an error that the server or the way to it made; a start line has not ended."""
    return row.outcome is not None and OUTCOMES[row.outcome].judged and not OUTCOMES[row.outcome].succeeded


def _find_end(last: Row, stopped_ns: int | None) -> float | None:
    """When a request ended: with its last attempt or the back-off after it, unless it was stopped before."""
    if last.outcome is None:
        return stopped_ns
    if not _waits(last):
        return last.end_ns
    due_ns = None if last.end_ns is None or last.backoff_ms is None else last.end_ns + last.backoff_ms * NS_PER_MS
    return min((at_ns for at_ns in (due_ns, stopped_ns) if at_ns is not None), default=None)


def _measure_pace(row: Row) -> Latency:
    """The time per token of an attempt that succeeded; one token or one event has none, and without usage who knows."""
    streamed = row.output_tokens
    if streamed is not None and row.first_token_ns is not None and row.first_token_ns == row.first_visible_ns:
        streamed -= row.reasoning_tokens or 0
    if REASONING_SUMMARY in row.checks:
        streamed = None
    if BUFFERED in row.checks:
        short = row.token_events < 1 or (streamed is not None and streamed < BURST_TOKENS)
        return Latency() if short else Latency(floor=0.0)
    if row.token_events < 2 or (streamed is not None and streamed < 2):
        return Latency()
    span = _since(row.first_token_ns, row.last_token_ns)
    return Latency(floor=0.0) if span is None or streamed is None else Latency(span / (streamed - 1))


def _since(begin_ns: float | None, end_ns: float | None) -> float | None:
    """From one mark to another in ms; None where one of them is missing."""
    return None if begin_ns is None or end_ns is None else (end_ns - begin_ns) / NS_PER_MS
