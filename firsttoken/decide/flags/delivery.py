"""Whether the load that was asked for was brought: users at work in a closed loop, arrivals on time in an open one.

    at work   a living user who does not wait for the run's own budget: inside a request, attempts and back-off
              together, in the pause after it, or in code of its own. The load process counts how long seats had none.
    begun     when a request first touched the network: the start of its connection, or where one was open, sent
    lateness  begun - intended, of requests that came by a schedule

Rule: a pause that the scenario or the behaviour makes is not idleness, and an arrival that was dropped, handed out late
or never handed out at all is not delivered. What waited for the run's own budget or share of a quota was held back: its
user was idle, and nobody's clock was late.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from firsttoken.decide.measure.attempts import Bools, Floats, Ints
from firsttoken.decide.measure.window_data import Observation, Window
from firsttoken.decide.words.units import round_significant
from firsttoken.stats.estimate import Estimate

WITHIN = 0.02
"""So much of the load that was asked for may lack."""
LATE_MS = 10.0
"""A request of a schedule that is begun later than this is late by our own doing: 1 % of a second."""
LATE_SHARE = 0.01
PAUSE_MS = 10.0
"""Where half of all pauses are longer than the scenario's think time by more than this, the behaviour makes its own."""


def find_missing_load(seen: Observation, think_s: float) -> str:
    """What shows that less, or in a level closed loop more, was brought than was asked for; else nothing."""
    return _find_missing_arrivals(seen) if seen.by_rate else _find_missing_users(seen, think_s)


def _find_missing_users(seen: Observation, think_s: float) -> str:
    """What shows that users were idle, or too many.

    Of a course that falls only a lack is told, for whoever is sent away first finishes what was asked.
    """
    [stage] = seen.stages
    wanted = stage.mean_level if stage.shape else float(seen.users)
    if wanted is None:
        return ""
    if stage.idle_measured_ns is None or stage.workers_lost:
        present, doing = _estimate_present(seen, think_s)
    else:
        present, doing = _count_present(seen, wanted, stage.idle_measured_ns), "at work"
    if present >= wanted * (1 - WITHIN) and (stage.shape or present <= wanted * (1 + WITHIN)):
        return ""
    told = f"{round_significant(present)} users were {doing} on average; {_write_users(wanted)} were asked for"
    return f"{told}{_tell_held_back(seen, _is_held_back(seen))}."


def _count_present(seen: Observation, wanted: float, idle_ns: int) -> float:
    """The mean number of users at work, as the load process counted those who were not; where more asked, their
    number."""
    asked = float(len(np.unique(seen.attempts.user[seen.requests.first][seen.measured])))
    return asked if asked > wanted else wanted - idle_ns / 1e9 / seen.seconds


def _estimate_present(seen: Observation, think_s: float) -> tuple[float, str]:
    """The mean number of users at work by the rows alone, and what they did: for runs in which nobody counted them, or
    in which a load process was lost that counted some.

    A user is at work in a request and, for as long as most pauses last, after it.
    """
    held_back = _is_held_back(seen)
    pauses_s = np.where(_is_next(seen, held_back), np.nan, _find_pauses(seen))
    own = _is_own_pace(pauses_s, think_s)
    present = count_at_work(seen, np.where(np.isnan(pauses_s), np.nanmedian(pauses_s), pauses_s) if own else think_s)
    return present, "busy or thinking" if think_s or own else "busy with a request"


def _write_users(wanted: float) -> str:
    return f"{wanted:,.0f}" if wanted.is_integer() else round_significant(wanted)


def count_at_work(seen: Observation, pause_s: Floats | float = 0.0, windows: Sequence[Window] | None = None) -> float:
    """The mean number of users inside a request, or in the pause after it, over these windows, else over its own.

    A request whose end nobody saw, as in a process that was lost, was over when its user asked again at the latest.
    """
    windows = seen.windows if windows is None else windows
    begin, end = seen.requests.intended_ns, seen.requests.end_ns
    if np.isnan(end).any():
        end = np.where(np.isnan(end), _find_next(seen), end)
    end = end + 1e9 * pause_s
    busy_ns = 0.0
    for opens, closes in windows:
        inside = np.fmin(end, closes) - np.maximum(begin, opens)  # what has no end lies open
        busy_ns += float(np.clip(inside, 0, None).sum())
    return busy_ns / sum(closes - opens for opens, closes in windows)


def _is_held_back(seen: Observation) -> Bools:
    """Requests whose first attempt waited for the run's own budget or share of a quota."""
    return seen.attempts.held_back[seen.requests.first]


def _tell_held_back(seen: Observation, held_back: Bools) -> str:
    """How many measured requests the run itself let wait, as a clause; empty where none."""
    waited = int((held_back & seen.measured).sum())
    return f"; {waited:,} requests waited for the run's own [budget] (its caps, or quota_share)" if waited else ""


def _is_next(seen: Observation, chosen: Bools) -> Bools:
    """Requests whose user's next one is among the chosen."""
    order = _order_by_user(seen)
    found = np.zeros(len(order), dtype=np.bool_)
    found[order[:-1]] = chosen[order][1:]
    return found


def _order_by_user(seen: Observation) -> Ints:
    """The places of requests, user by user, in the order in which each made them."""
    return np.lexsort((seen.requests.intended_ns, seen.attempts.user[seen.requests.first]))


def _find_pauses(seen: Observation) -> Floats:
    """How long each request's user waited before it asked again, in seconds; nan after the last that a user made."""
    return (_find_next(seen) - seen.requests.end_ns) / 1e9


def _find_next(seen: Observation) -> Floats:
    """When each request's user asked again, in ns; nan after the last that a user made."""
    order, begun = _order_by_user(seen), seen.requests.intended_ns
    users = seen.attempts.user[seen.requests.first][order]
    again = np.full(len(order), np.nan)
    again[order[:-1]] = np.where(users[1:] == users[:-1], begun[order][1:], np.nan)
    return again


def _is_own_pace(pauses_s: Floats, think_s: float) -> bool:
    known = pauses_s[~np.isnan(pauses_s)]
    return len(known) > 0 and float(np.median(known)) > think_s + PAUSE_MS / 1000


def _find_missing_arrivals(seen: Observation) -> str:
    due, dropped = count_due(seen), sum(stage.dropped_measured for stage in seen.stages)
    held_back = _is_held_back(seen)
    late = held_back & (_begun_ns(seen) > seen.requests.intended_ns + LATE_MS * 1e6)
    begun = int((_scheduled(seen) & _is_in_time(seen) & ~late).sum())
    if begun >= (1 - WITHIN) * due:
        return ""
    full = f"; {dropped:,} found every place taken (load.max_in_flight)" if dropped else ""
    held = _tell_held_back(seen, held_back)
    in_it = "in it" if not held else "when they were due"
    return f"{begun:,} of the {due:,} requests that were due in the window were begun {in_it}{full}{held}."


def count_due(seen: Observation) -> int:
    """How many arrivals the schedule had in the measure windows: those that came, were dropped, or were passed over.

    Arrivals are numbered, so that one which nobody handed out leaves a gap.
    """
    numbers = seen.attempts.user[seen.requests.first][_scheduled(seen)]
    came = len(numbers) + sum(stage.dropped_measured for stage in seen.stages)
    if len(seen.windows) != 1 or not len(numbers):
        return came
    return max(came, int(numbers.max() - numbers.min()) + 1)


def _scheduled(seen: Observation) -> Bools:
    """Measured requests whose time the schedule set; later turns of a session come when their user is free."""
    return np.asarray(seen.measured & (seen.attempts.turn[seen.requests.first] == 0), dtype=np.bool_)


def _begun_ns(seen: Observation) -> Floats:
    first = seen.requests.first
    return np.fmin(seen.attempts.connect_start_ns[first], seen.attempts.sent_ns[first])


def _is_in_time(seen: Observation) -> Bools:
    """Requests begun before their window closed, or at once though it did; one that could not connect was begun too."""
    closes = np.array([end for _, end in seen.windows], dtype=np.float64)
    place = np.searchsorted(closes, seen.requests.intended_ns, side="right").clip(0, len(closes) - 1)
    begun_ns = _begun_ns(seen)
    at_once = begun_ns <= seen.requests.intended_ns + LATE_MS * 1e6
    return np.asarray(at_once | ~(begun_ns >= closes[place]), dtype=np.bool_)


def lateness_ms(seen: Observation) -> Floats:
    """How late each measured request of a schedule was begun; left out are those that never touched the network, and
    those that were held back."""
    late = (_begun_ns(seen) - seen.requests.intended_ns)[_scheduled(seen) & ~_is_held_back(seen)] / 1e6
    return np.asarray(late[~np.isnan(late)], dtype=np.float64)


def find_own_lateness(seen: Observation) -> str:
    """What shows that the load process itself was late for its schedule, or nothing.

    Where places ran out lateness says nothing of it.
    """
    if not seen.by_rate or any(stage.dropped_measured for stage in seen.stages):
        return ""
    late = lateness_ms(seen)
    past = int((late > LATE_MS).sum())
    if past <= max(1.0, LATE_SHARE * len(late)):
        return ""
    return (
        f"{past:,} of {len(late):,} requests were begun more than {LATE_MS:g} ms after the schedule; the bound is one "
        "in a hundred."
    )


def fails_anyway(attainment: Estimate, seen: Observation, share: float) -> bool:
    """Whether the promise were broken even if every arrival that is missing had kept it: more load does not heal."""
    missing = count_due(seen) - int(_scheduled(seen).sum())
    if not seen.by_rate or attainment.hi is None:
        return False
    return (attainment.hi * attainment.n + missing) / (attainment.n + missing) < share
