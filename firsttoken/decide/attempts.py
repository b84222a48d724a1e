"""The attempts of a stage as arrays, and the requests that they make.

Rule: nothing is judged here. A row's null is nan in an array, attempts of one request lie side by side in the order
they were sent, and every later figure is arithmetic over these arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from firsttoken.row import REASONING_SUMMARY, SUCCESS, Outcome

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]

UNJUDGED: frozenset[Outcome] = frozenset({"cancelled_by_run", "cancelled_by_user", "lost", "client_error"})
"""Outcomes that say nothing of the server: we stopped, were killed, or failed ourselves."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Attempts:
    """Columns of the row, one entry per attempt; times are ns since the run's origin (a float64 holds 104 days)."""

    request_id: Texts
    phase: Texts
    outcome: Texts
    intended_ns: Floats
    sent_ns: Floats
    first_token_early_ns: Floats
    first_token_ns: Floats
    first_visible_ns: Floats
    last_token_ns: Floats
    end_ns: Floats
    backoff_ms: Floats
    input_tokens: Floats
    cached_tokens: Floats
    output_tokens: Floats
    reasoning_tokens: Floats
    token_events: Floats
    ratelimit_limit_requests: Floats
    ratelimit_remaining_requests: Floats
    ratelimit_limit_tokens: Floats
    ratelimit_remaining_tokens: Floats
    summarised: Bools
    """Whether what streamed of the reasoning was a summary, whose tokens nobody counted."""
    gap_counts: Ints
    """How many gaps between token events each attempt has."""
    gaps_us: Ints
    """The gaps of all attempts end to end."""

    @property
    def succeeded(self) -> Bools:
        return np.isin(self.outcome, list(SUCCESS))

    @property
    def unjudged(self) -> Bools:
        return np.isin(self.outcome, list(UNJUDGED))

    @property
    def failed(self) -> Bools:
        """Ended in an error that the server or the way to it made."""
        return ~(self.succeeded | self.unjudged)

    @property
    def measured(self) -> Bools:
        """Whether the request was intended in the measure window: `phase` is that of its first attempt."""
        return np.asarray(self.phase == "measure", dtype=np.bool_)

    @property
    def metered(self) -> Bools:
        """Whether the server told what it counted."""
        return ~(np.isnan(self.input_tokens) | np.isnan(self.output_tokens))

    def __len__(self) -> int:
        return len(self.outcome)


TEXTS = ("request_id", "phase", "outcome")
DERIVED = ("summarised", "gap_counts", "gaps_us")
NUMBERS = tuple(field.name for field in fields(Attempts) if field.name not in (*TEXTS, *DERIVED))
COLUMNS = (*TEXTS, *NUMBERS, "gaps_us", "checks")
"""What is read of a row."""


def take_columns(columns: Mapping[str, NDArray[np.generic]]) -> Attempts:
    """Make attempts of the columns of rows that are sorted by request and attempt."""
    gaps = columns["gaps_us"]
    counts = np.fromiter((len(each) for each in gaps), dtype=np.int64, count=len(gaps))
    flat = np.concatenate(gaps).astype(np.int64) if counts.any() else np.zeros(0, dtype=np.int64)
    numbers = {name: np.asarray(columns[name], dtype=np.float64) for name in NUMBERS}
    checks = columns["checks"]
    summarised = np.fromiter((REASONING_SUMMARY in each for each in checks), dtype=np.bool_, count=len(checks))
    return Attempts(
        request_id=np.asarray(columns["request_id"], dtype=np.object_),
        phase=np.asarray(columns["phase"], dtype=np.object_),
        outcome=np.asarray(columns["outcome"], dtype=np.object_),
        summarised=summarised,
        gap_counts=counts,
        gaps_us=flat,
        **numbers,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Requests:
    """One entry per request; `first` and `last` are the places of its attempts in the arrays of attempts."""

    first: Ints
    last: Ints
    tries: Ints
    measured: Bools
    succeeded: Bools
    unjudged: Bools
    """Nobody knows how it would have ended: its last attempt is unjudged, or its back-off was cut off."""
    waiting: Bools
    """It was cut off in its back-off: a next attempt was due and never began."""
    intended_ns: Floats
    end_ns: Floats
    """When its last attempt ended, or its back-off was cut off; nan where nobody saw."""

    @property
    def gave_up(self) -> Bools:
        return ~(self.succeeded | self.unjudged)

    def __len__(self) -> int:
        return len(self.first)


def group_requests(attempts: Attempts, stage_end_ns: float) -> Requests:
    """Gather the attempts of one stage into requests; everything stopped at stage_end_ns (nan if unknown)."""
    names = attempts.request_id
    begins = np.ones(len(names), dtype=np.bool_)
    begins[1:] = names[1:] != names[:-1]
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(names))[: len(first)] - 1
    waiting = attempts.failed[last] & ~np.isnan(attempts.backoff_ms[last])
    due_ns = attempts.end_ns[last] + attempts.backoff_ms[last] * 1e6
    return Requests(
        first=first,
        last=last,
        tries=last - first + 1,
        measured=attempts.measured[first],
        succeeded=attempts.succeeded[last],
        unjudged=attempts.unjudged[last] | waiting,
        waiting=waiting,
        intended_ns=attempts.intended_ns[first],
        end_ns=np.where(waiting, np.fmin(due_ns, stage_end_ns), attempts.end_ns[last]),
    )


def join_attempts(parts: Sequence[Attempts]) -> Attempts:
    """The attempts of several stages one after the other."""
    names = [field.name for field in fields(Attempts)]
    return Attempts(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def join_requests(parts: Sequence[Requests], attempts: Sequence[Attempts]) -> Requests:
    """The requests of several stages one after the other, as `join_attempts` lays their attempts."""
    names = [field.name for field in fields(Requests)]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    begins = np.cumsum([0, *(len(part) for part in attempts)])[:-1]
    shift = np.repeat(begins, [len(part) for part in parts])
    return Requests(**joined | {"first": joined["first"] + shift, "last": joined["last"] + shift})
