"""How much of the load that was asked for came about, from the rows: users at work, arrivals that were due, lateness.

    at work   a user inside a request, attempts and back-off together, or in the pause after it
    begun     when a request first touched the network: the start of its connection, or where one was open, sent
    lateness  begun - intended, of requests that came by a schedule

Rule: nothing is judged here. A request that waited for the run's own budget or share of a quota was held
back, and does not count as late.
"""

from collections.abc import Sequence

import numpy as np

from firsttoken.decide.measure.attempts import Bools, Floats, Ints
from firsttoken.decide.measure.window_data import Window, WindowData


def count_at_work(data: WindowData, pause_s: Floats | float = 0.0, windows: Sequence[Window] | None = None) -> float:
    """The mean number of users inside a request, or in the pause after it, over these windows, else over its own.

    A request without a recorded end, as in a process that was lost, was over when its user asked again at the latest.
    """
    windows = data.windows if windows is None else windows
    begin, end = data.requests.intended_ns, data.requests.end_ns
    if np.isnan(end).any():
        end = np.where(np.isnan(end), find_next(data), end)
    end = end + 1e9 * pause_s
    busy_ns = 0.0
    for opens, closes in windows:
        inside = np.fmin(end, closes) - np.maximum(begin, opens)  # what has no end lies open
        busy_ns += float(np.clip(inside, 0, None).sum())
    return busy_ns / sum(closes - opens for opens, closes in windows)


def find_next(data: WindowData) -> Floats:
    """When each request's user asked again, in ns; nan after the last that a user made."""
    order, begun = order_by_user(data), data.requests.intended_ns
    users = data.attempts.user[data.requests.first][order]
    again = np.full(len(order), np.nan)
    again[order[:-1]] = np.where(users[1:] == users[:-1], begun[order][1:], np.nan)
    return again


def order_by_user(data: WindowData) -> Ints:
    """The places of requests, user by user, in the order in which each made them."""
    return np.lexsort((data.requests.intended_ns, data.attempts.user[data.requests.first]))


def count_due(data: WindowData) -> int:
    """How many arrivals the schedule had in the measure windows: those that came, were dropped, or were passed over.

    Arrivals are numbered, so that one which was never started leaves a gap.
    """
    numbers = data.attempts.user[data.requests.first][is_scheduled(data)]
    came = len(numbers) + sum(stage.dropped_measured for stage in data.stages)
    if len(data.windows) != 1 or not len(numbers):
        return came
    return max(came, int(numbers.max() - numbers.min()) + 1)


def is_scheduled(data: WindowData) -> Bools:
    """Measured requests whose time the schedule set; later turns of a session come when their user is free."""
    return np.asarray(data.measured & (data.attempts.turn[data.requests.first] == 0), dtype=np.bool_)


def begun_ns(data: WindowData) -> Floats:
    """When the first attempt of each request first touched the network; nan where it never did."""
    first = data.requests.first
    return np.fmin(data.attempts.connect_start_ns[first], data.attempts.sent_ns[first])


def is_held_back(data: WindowData) -> Bools:
    """Requests whose first attempt waited for the run's own budget or share of a quota."""
    return data.attempts.held_back[data.requests.first]


def lateness_ms(data: WindowData) -> Floats:
    """How late each measured request of a schedule was begun; left out are those that never touched the network, and
    those that were held back."""
    late = (begun_ns(data) - data.requests.intended_ns)[is_scheduled(data) & ~is_held_back(data)] / 1e6
    return np.asarray(late[~np.isnan(late)], dtype=np.float64)
