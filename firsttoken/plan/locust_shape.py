"""A load shape of the user's own, a LoadTestShape in a locustfile, sampled before the run. Pure but for that class.

Rule: the shape is asked second by second, as Locust asks it, on a clock that only this file moves. What comes out is a
profile like every other, so that the plan, the dry run and all workers know the whole load before it begins.
"""

from collections.abc import Callable
from typing import Protocol

from firsttoken.decoding.duration import NS
from firsttoken.error import FirstTokenError
from firsttoken.plan.profile import Profile, Segment

MOST_S = 24 * 3600
"""A shape that has not ended by then has no end."""


class ShapeError(FirstTokenError, ValueError):
    """A shape that cannot be driven; its text is the sentence to show."""


class Shape(Protocol):
    """What is needed of Locust's LoadTestShape, which this file does not import."""

    def tick(self) -> object: ...


def sample_shape(cls: Callable[[], Shape]) -> Profile:
    """Return the users that a shape asks for over time, until its tick() returns None. Raises ShapeError.

    As in Locust, tick() is called every second, and the users move towards its first number by its second one, a
    second. get_run_time() and get_current_user_count() return values for the sampled second; another clock would not.
    """
    shape = cls()
    name = type(shape).__name__
    users = 0.0
    segments: list[Segment] = []
    for second in range(MOST_S + 1):
        vars(shape).update(
            get_run_time=lambda now=second: float(now), get_current_user_count=lambda now=users: round(now)
        )
        tick = shape.tick()
        if tick is None:
            return _joined(segments, name)
        wanted, rate = _read(tick, f"{name}.tick() at {second} s")
        segments += _approach(users, wanted, rate)
        users = segments[-1].end
    raise ShapeError(f"{name}: expected tick() to return None in the end, got a load for more than 24 h; make it stop")


def _read(tick: object, place: str) -> tuple[float, float]:
    """The users and the users a second of what tick() returned."""
    match tick:
        case (int(users), int(rate) | float(rate), *rest) if users >= 0 and rate > 0 and not any(rest):
            return float(users), float(rate)
    raise ShapeError(f"{place}: expected (users, users a second) or None, got {tick!r}")


def _approach(users: float, wanted: float, rate: float) -> Profile:
    """One second of a move from `users` to `wanted` by `rate` a second; what is left of it once there stays level."""
    takes_ns = min(NS, round(abs(wanted - users) / rate * NS))
    if takes_ns == NS:
        return (Segment(NS, users, users + max(-rate, min(rate, wanted - users))),)
    rest = Segment(NS - takes_ns, wanted, wanted)
    return (Segment(takes_ns, users, wanted), rest) if takes_ns else (rest,)


def _joined(segments: list[Segment], name: str) -> Profile:
    """The same course with level stretches in one piece each."""
    joined: list[Segment] = []
    for segment in segments:
        last = joined[-1] if joined else None
        if last and last.start == last.end == segment.start == segment.end:
            joined[-1] = Segment(last.length_ns + segment.length_ns, last.start, last.end)
        else:
            joined.append(segment)
    if not joined:
        raise ShapeError(
            f"{name}: expected a load from tick(), got None at 0 s already; return (users, users a second)"
        )
    return tuple(joined)
