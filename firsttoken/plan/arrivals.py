"""When requests arrive in an open loop: the table of arrival processes, and the instants of a schedule. Pure.

Rule: the schedule is absolute and a function of its arguments: the same seed gives the same one, whatever is answered
and however many processes share it; and no instant is reached by adding up waits, so nothing drifts.

A process of one arrival per unit is carried over to the wanted rate r(t) by the cumulative intensity:

    L(t) = integral of r from 0 to t,    t_k = L^-1(s_k),    s_1 <= s_2 <= ... the arrivals of the unit process

which is exact for a Poisson process of any rate (Cinlar 1975, "Introduction to Stochastic Processes", pp. 96-97), and
here closed, as the rate is linear in pieces. The gaps of the unit process have mean 1 and

    constant   no spread: s_k = k - 1/2, so the number of arrivals up to t is L(t), rounded
    poisson    the exponential distribution: cv 1
    gamma      the gamma distribution of shape 1/cv^2 and scale cv^2: cv as asked; below 1 steadier, above 1 in bursts

Each process is stationary from its first instant: the first gap is a uniform share of a length-biased gap (Cox 1962,
"Renewal Theory", chapter 5), so that L(t) arrivals are expected up to every t and a run does not begin with a burst.

To add a process, write a function `(cv, draw) -> gaps` beside the others, and give it a name in `Process` and an entry
in ARRIVALS, in the same order. The function yields gaps without end: the first one up to the first arrival, a uniform
share of a length-biased gap, then gaps of mean 1. (Where a gap has the density f(x), a length-biased one has x f(x): of
gaps uniform from 0 to 2 it is x/2, drawn as 2 sqrt(u).) It draws every number between 0 and 1 from `draw()`, so that
the seed alone decides. `variation` is the standard deviation of f. Scenario, dry run, report and tests read the rest
from the entry; `make snapshots` writes the JSON Schema anew.
"""

import math
from collections.abc import Callable, Iterator
from itertools import accumulate
from random import Random
from statistics import NormalDist
from typing import Literal, NamedTuple

from firsttoken.plan.profile import Profile, Segment, amount, carry

_FOREVER_NS = 2**62
_NORMAL = NormalDist()
_LEAST = 1e-300
"""Stands for the 0 that chance can give, whose logarithm and normal quantile are infinite."""

Draw = Callable[[], float]
"""A number between 0 and 1, by chance."""
Process = Literal["constant", "poisson", "gamma"]
"""The keys of ARRIVALS."""


class ArrivalProcess(NamedTuple):
    """How arrivals come."""

    gaps: Callable[[float, Draw], Iterator[float]]
    """(cv, draw) -> the gaps of the process of one arrival per unit."""
    variation: float | None
    """The gaps' coefficient of variation; None: the scenario states it as `cv`."""
    words: str
    """How the report says it, after "requests arrive"; `{:g}` stands for the coefficient of variation."""


def arrive(profile: Profile, process: Process, cv: float, seed: str) -> Iterator[int]:
    """Yield the instants of arrival in ns from the profile's start, never descending, those of a burst maybe equal.

    `profile` is of arrivals a second; its last value continues without end, so the schedule ends only where that is 0.
    `process` is a key of ARRIVALS; `cv` counts where the process states no variation of its own.
    """
    arrivals = accumulate(ARRIVALS[process].gaps(cv, Random(seed).random))
    due = next(arrivals)
    began_ns, passed = 0, 0.0
    for segment in (*profile, Segment(_FOREVER_NS, profile[-1].end, profile[-1].end)):
        until = passed + amount((segment,), segment.length_ns)
        while due < until:
            yield began_ns + carry(segment, due - passed)
            due = next(arrivals)
        began_ns, passed = began_ns + segment.length_ns, until


def _constant_gaps(_cv: float, _draw: Draw) -> Iterator[float]:
    yield 0.5
    while True:
        yield 1.0


def _poisson_gaps(_cv: float, draw: Draw) -> Iterator[float]:
    while True:
        yield -math.log(1.0 - draw())


def _gamma_gaps(cv: float, draw: Draw) -> Iterator[float]:
    """A gap of gamma shape k, length-biased, is one of shape k + 1."""
    shape, scale = 1 / cv**2, cv**2
    yield draw() * scale * _draw_gamma(shape + 1, draw)
    while True:
        yield scale * _draw_gamma(shape, draw)


def _draw_gamma(shape: float, draw: Draw) -> float:
    """A gamma variate of scale 1 (Marsaglia and Tsang 2000, "A simple method for generating gamma variables").

    It uses nothing but `draw`: the sequence of Python's own gammavariate may change from version to version.
    """
    if shape < 1:
        return _draw_gamma(shape + 1, draw) * math.pow(max(draw(), _LEAST), 1 / shape)
    d = shape - 1 / 3
    c = 1 / math.sqrt(9 * d)
    while True:
        z = _NORMAL.inv_cdf(max(draw(), _LEAST))
        v = (1 + c * z) ** 3
        if v > 0 and math.log(max(draw(), _LEAST)) < z * z / 2 + d - d * v + d * math.log(v):
            return d * v


ARRIVALS: dict[Process, ArrivalProcess] = {
    "constant": ArrivalProcess(_constant_gaps, 0.0, "evenly spaced"),
    "poisson": ArrivalProcess(_poisson_gaps, 1.0, "at random (a Poisson process)"),
    "gamma": ArrivalProcess(
        _gamma_gaps, None, "at random, with gaps of a gamma distribution of coefficient of variation {:g}"
    ),
}
"""Every arrival process by the name that a scenario gives it."""
OF_STATED_CV = tuple(name for name, process in ARRIVALS.items() if process.variation is None)
"""The processes for which a scenario states `cv`."""


def find_variation(process: Process, cv: float) -> float:
    """The coefficient of variation of a process's gaps, where the scenario states `cv`."""
    stated = ARRIVALS[process].variation
    return cv if stated is None else stated


def describe_arrivals(process: Process, cv: float) -> str:
    """How requests come in an open loop: "evenly spaced"."""
    return ARRIVALS[process].words.format(find_variation(process, cv))
