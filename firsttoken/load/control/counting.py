"""What an attempt and a request add to the counters of their stage. Pure.

Rule: a request that was stopped from outside counts as neither ended nor failed; only what the server did is counted.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from firsttoken.load.control.counters import Counters
from firsttoken.load.control.credit import says_spent
from firsttoken.load.control.phases import StageClock
from firsttoken.load.control.progress import count_measured_tokens
from firsttoken.load.control.slo import is_empty
from firsttoken.row import OUTCOMES, STOPPED_FROM_OUTSIDE, SUCCESS, UNJUDGED, Phase, Row

ValueOf = Callable[[Sequence[Row]], float | None]
"""The value of a request, from the rows of its attempts, that a level measures until it is known well enough."""


def count_attempt(counters: Counters, row: Row, nano_usd: int | None) -> None:
    """Count whether an attempt shows a living server, and what it cost; `nano_usd` is None without a known price."""
    alive = None if row.outcome is None else OUTCOMES[row.outcome].alive
    counters.answered += alive is True
    counters.unanswered += alive is False
    if says_spent(row):
        counters.unpaid += 1
        counters.unpaid_words = row.error or ""
    counters.nano_usd += nano_usd or 0
    counters.unpriced += nano_usd is None


class Countable(Protocol):
    """A request of a stage, as far as it is counted."""

    intended_ns: int
    phase: Phase
    rows: list[Row]
    """Of its attempts, in order."""


def count_request(counters: Counters, clock: StageClock, request: Countable, value_of: ValueOf | None) -> None:
    """Count a request that is over; one without a finished attempt counts for nothing."""
    last = request.rows[-1] if request.rows else None
    if last is None or last.outcome in STOPPED_FROM_OUTSIDE or last.end_ns is None:
        return
    counters.ended += 1
    if request.phase == "measure":
        _count_measured(counters, last)
    if last.outcome not in SUCCESS:
        counters.failed += 1
    elif last.sent_ns is not None and last.first_token_ns is not None:
        counters.measured_tokens += count_measured_tokens(clock, last)
        counters.e2e.add(last.end_ns - request.intended_ns)
        counters.ttft.add(last.first_token_ns - last.sent_ns)
    value = value_of(request.rows) if value_of and request.phase == "measure" else None
    if value is not None:
        counters.samples.append((request.intended_ns, value))


def _count_measured(counters: Counters, last: Row) -> None:
    """Count a measured request that has ended, for the line that is shown once its stage is over."""
    counters.measured += 1
    if last.outcome not in SUCCESS:
        counters.measured_failed += last.outcome not in UNJUDGED
    elif last.sent_ns is not None and last.first_token_ns is not None and not is_empty(last):
        counters.measured_ttft.add(last.first_token_ns - last.sent_ns)
