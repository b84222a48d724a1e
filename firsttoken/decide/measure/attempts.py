"""The attempts of a stage as arrays, and the requests that they make.

Rule: nothing is judged here. A row's null is nan in an array, attempts of one request lie side by side in the order
they were sent, and every later result is arithmetic over these arrays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from firsttoken.row import SUCCESS, UNJUDGED

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Attempts:
    """Columns of the row, one entry per attempt; times are ns since the run's origin (a float64 holds 104 days)."""

    begins: Bools
    """Whether it is the first attempt of its request."""
    phase: Texts
    outcome: Texts
    user: Floats
    turn: Floats
    intended_ns: Floats
    connect_start_ns: Floats
    sent_ns: Floats
    first_token_early_ns: Floats
    first_token_ns: Floats
    first_visible_ns: Floats
    last_token_ns: Floats
    end_ns: Floats
    backoff_ms: Floats
    input_tokens: Floats
    cached_tokens: Floats
    cache_write_tokens: Floats
    output_tokens: Floats
    reasoning_tokens: Floats
    tool_calls: Floats
    asked_input_tokens: Floats
    asked_output_tokens: Floats
    token_events: Floats
    ratelimit_limit_requests: Floats
    ratelimit_remaining_requests: Floats
    ratelimit_limit_tokens: Floats
    ratelimit_remaining_tokens: Floats
    ratelimit_window_requests_s: Floats
    ratelimit_window_tokens_s: Floats
    ratelimit_reset_requests_ms: Floats
    ratelimit_tokens_of: Texts
    http_status: Floats
    tier: Floats
    """The tier of service that answered, by its place in row.TIERS, from 1; 0 is another, nan untold."""
    held_back: Bools
    """Whether it waited for the run's own budget or share of a quota."""
    buffered: Bools
    """Whether it came whole or in one burst, so that its pace is unknown."""
    unknown_finish: Bools
    impossible_usage: Bools
    """Whether its finish reason is unknown."""
    stopped_in_backoff: Bools
    """Whether its own user ended the request in the back-off after it."""
    unseen: Bools
    """Whether hidden and visible text could not be distinguished, so that the time of the first visible one is
    unknown."""
    summarised: Bools
    """Whether what streamed of the reasoning was a summary, whose tokens are not counted."""
    file_row: Ints
    """Its place in the file."""
    gap_count: Ints
    """How many gaps between token events it has."""
    longest_gap_us: Floats
    """The longest of them; nan without any."""

    @cached_property
    def succeeded(self) -> Bools:
        return np.isin(self.outcome, list(SUCCESS))

    @cached_property
    def empty(self) -> Bools:
        """Succeeded without a product: no visible token and no tool call came."""
        called = np.nan_to_num(self.tool_calls) > 0
        return self.succeeded & np.isnan(self.first_visible_ns) & ~self.unseen & ~called

    @cached_property
    def answered(self) -> Bools:
        """Succeeded with a product."""
        return self.succeeded & ~self.empty

    @cached_property
    def stopped(self) -> Bools:
        """Whether its own user ended it, or the back-off after it."""
        return np.asarray((self.outcome == "stopped_by_user") | self.stopped_in_backoff, dtype=np.bool_)

    @cached_property
    def unjudged(self) -> Bools:
        return np.isin(self.outcome, list(UNJUDGED))

    @cached_property
    def failed(self) -> Bools:
        """Ended in an error that the server or the way to it made."""
        return ~(self.succeeded | self.unjudged)

    @cached_property
    def measured(self) -> Bools:
        """Whether the request was intended in the measure window: `phase` is that of its first attempt."""
        return np.asarray(self.phase == "measure", dtype=np.bool_)

    @cached_property
    def metered(self) -> Bools:
        """Whether the server reported what it counted."""
        return ~(np.isnan(self.input_tokens) | np.isnan(self.output_tokens))

    def __len__(self) -> int:
        return len(self.outcome)


DTYPES: dict[str, type[np.generic]] = {
    **dict.fromkeys(
        (
            "begins",
            "held_back",
            "buffered",
            "stopped_in_backoff",
            "unknown_finish",
            "impossible_usage",
            "unseen",
            "summarised",
        ),
        np.bool_,
    ),
    **dict.fromkeys(("phase", "outcome", "ratelimit_tokens_of"), np.object_),
    **dict.fromkeys(("file_row", "gap_count"), np.int64),
}
"""Column -> what its array holds; any other holds float64."""
COLUMNS = tuple(field.name for field in fields(Attempts))
"""What is read of a row: most of it, its gaps, stays in the file (see streams.py)."""


def take_columns(columns: Mapping[str, NDArray[np.generic]]) -> Attempts:
    """Make attempts of the columns of rows that are sorted by request and attempt."""
    return Attempts(**{name: np.asarray(columns[name], dtype=DTYPES.get(name, np.float64)) for name in COLUMNS})


@dataclass(frozen=True, eq=False, kw_only=True)
class Requests:
    """One entry per request; `first` and `last` are the places of its attempts in the arrays of attempts."""

    first: Ints
    last: Ints
    tries: Ints
    measured: Bools
    succeeded: Bools
    """Its last attempt did, and with a product."""
    empty: Bools
    """Its last attempt succeeded without one."""
    unjudged: Bools
    """How it would have ended is unknown: its last attempt is unjudged, or its back-off was cut off."""
    waiting: Bools
    """It was cut off in its back-off: a next attempt was due and never began."""
    stopped: Bools
    """Its own user ended it: no one waited for the rest, which is no failure."""
    intended_ns: Floats
    end_ns: Floats
    """When its last attempt ended, or its back-off was cut off; nan where it is unknown."""

    @property
    def gave_up(self) -> Bools:
        return ~(self.succeeded | self.empty | self.unjudged)

    def __len__(self) -> int:
        return len(self.first)


def group_requests(attempts: Attempts, stage_end_ns: float) -> Requests:
    """Gather the attempts of one stage into requests; everything stopped at stage_end_ns (nan if unknown)."""
    first = np.flatnonzero(attempts.begins)
    last = np.append(first[1:], len(attempts))[: len(first)] - 1
    waiting = attempts.failed[last] & ~np.isnan(attempts.backoff_ms[last])
    due_ns = attempts.end_ns[last] + attempts.backoff_ms[last] * 1e6
    return Requests(
        first=first,
        last=last,
        tries=last - first + 1,
        measured=attempts.measured[first],
        succeeded=attempts.answered[last],
        empty=attempts.empty[last],
        unjudged=attempts.unjudged[last] | waiting,
        waiting=waiting,
        stopped=attempts.stopped[last],
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
