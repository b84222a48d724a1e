"""Loads that change while they are measured: their course over time, as pieces of straight lines. Pure.

Rule: a profile is a function of time and of nothing else, in users or in arrivals a second as its stage counts them.
On the piece that begins at t_i with value a, ends with value b and is d long,

    r(t) = a + (b - a) (t - t_i) / d

and after the last piece its last value stays. Which pieces a ramp, a step, a spike, a soak or a staircase is made of
stands with their keys, in `scenario/course`; `locust_shape` makes those of a LoadTestShape.
"""

import math
from collections.abc import Iterable

import msgspec

from firsttoken.decoding.duration import NS


class Segment(msgspec.Struct, frozen=True):
    """A piece of a load: linear from `start` to `end` in `length_ns`."""

    length_ns: int
    start: float
    end: float


Profile = tuple[Segment, ...]
"""One piece or more, each beginning where the one before it ends; the value may jump between them."""


def profile_of(pieces: Iterable[tuple[float, float, float]]) -> Profile:
    """The profile of straight pieces, each (seconds, value at its start, value at its end)."""
    return tuple(Segment(round(seconds * NS), start, end) for seconds, start, end in pieces)


def wanted_at(profile: Profile, at_ns: int) -> float:
    """The value at an instant from the profile's start; at a jump it is the later piece's, after the end the last."""
    for segment in profile:
        if at_ns < segment.length_ns:
            return segment.start + (segment.end - segment.start) * (at_ns / segment.length_ns)
        at_ns -= segment.length_ns
    return profile[-1].end


def length_ns(profile: Profile) -> int:
    """How long a profile is; its last value stays after that."""
    return sum(segment.length_ns for segment in profile)


def peak(profile: Profile) -> float:
    """The highest value that a profile reaches."""
    return max(max(segment.start, segment.end) for segment in profile)


def amount(profile: Profile, until_ns: int) -> float:
    """The integral from the start to `until_ns`, in units x seconds: for arrivals a second, how many are expected."""
    total = 0.0
    for segment in profile:
        part_ns = min(until_ns, segment.length_ns)
        total += (segment.start + wanted_at((segment,), part_ns)) / 2 * part_ns / NS
        until_ns -= part_ns
    return total + profile[-1].end * until_ns / NS


def carry(segment: Segment, units: float) -> int:
    """The time into a segment, in ns, at which its integral reaches `units`, which it must: the inverse of `amount`.

    The root of a x + (b - a) x^2 / 2d = u, in the form that loses no digits and holds for a ramp from 0 or to 0 and
    for a level alike: x = 2u / (a + sqrt(a^2 + 2 u (b - a) / d)).
    """
    slope = (segment.end - segment.start) * NS / segment.length_ns
    root = math.sqrt(max(0.0, segment.start**2 + 2 * units * slope))
    way = segment.start + root
    return min(round(2 * units * NS / way), segment.length_ns) if way else 0
