"""The load profiles, along which a load can change while it is measured: the table of shapes.

Rule: a course is a few straight pieces; everything else about it follows from them.

To add a shape, write a class of its keys beside the others, with `words` for the report and `pieces`, and give it a
line in Shapes, of the name that a scenario gives it. Scenario, JSON Schema, plan, dry run and report follow.
"""

import json
from collections.abc import Mapping
from typing import Annotated, ClassVar, NamedTuple, get_args

from msgspec import Meta, Struct, field
from msgspec.structs import fields

from firsttoken.decoding.duration import parse_duration
from firsttoken.row import By
from firsttoken.scenario.values import AboveZero, AtLeastZero, Period, text_like


class Segment(NamedTuple):
    """A segment of a profile: from one load to another in a straight line."""

    seconds: float
    start: float
    end: float


class LoadProfile(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A load that changes while it is measured, in users or in arrivals a second."""

    words: ClassVar[str] = "a load of {}"
    """How the report calls it; `{}` stands for its highest load."""
    by: By

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Its straight segments in order; the load may jump between them."""
        raise NotImplementedError

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return sum(segment.seconds for segment in self.segments)

    @property
    def peak(self) -> float:
        """The highest load that it reaches."""
        return max(max(segment.start, segment.end) for segment in self.segments)

    @property
    def amount(self) -> float:
        """Its integral in units x seconds: of arrivals a second, how many are expected."""
        return sum(segment.seconds * (segment.start + segment.end) / 2 for segment in self.segments)


class RampShape(LoadProfile, frozen=True, kw_only=True):
    """From one load to another in a straight line."""

    words: ClassVar[str] = "a ramp up to {}"
    from_: AtLeastZero = field(name="from")
    to: AtLeastZero
    over: Period

    def __post_init__(self) -> None:
        _check_different(self.from_, self.to)
        check_whole(self.by, {"from": self.from_, "to": self.to})

    @property
    def segments(self) -> tuple[Segment, ...]:
        return (Segment(parse_duration(self.over), self.from_, self.to),)


class Step(LoadProfile, frozen=True, kw_only=True):
    """One load, and then at once another."""

    words: ClassVar[str] = "a step up to {}"
    from_: AtLeastZero = field(name="from")
    to: AtLeastZero
    after: Period
    lasts: Period

    def __post_init__(self) -> None:
        _check_different(self.from_, self.to)
        check_whole(self.by, {"from": self.from_, "to": self.to})

    @property
    def segments(self) -> tuple[Segment, ...]:
        return _level(self.after, self.from_), _level(self.lasts, self.to)


class Spike(LoadProfile, frozen=True, kw_only=True):
    """A load, a burst above it, and the load again."""

    words: ClassVar[str] = "a spike of {}"
    base: AtLeastZero
    peak: AboveZero
    before: Period
    lasts: Period
    after: Period

    def __post_init__(self) -> None:
        if self.peak <= self.base:
            raise ValueError(f"peak: expected more than base = {self.base:g}, got {self.peak:g}")
        check_whole(self.by, {"base": self.base, "peak": self.peak})

    @property
    def segments(self) -> tuple[Segment, ...]:
        return _level(self.before, self.base), _level(self.lasts, self.peak), _level(self.after, self.base)


class Soak(LoadProfile, frozen=True, kw_only=True):
    """One load for a long time."""

    words: ClassVar[str] = "a soak at {}"
    at: AboveZero
    lasts: Period

    def __post_init__(self) -> None:
        check_whole(self.by, {"at": self.at})

    @property
    def segments(self) -> tuple[Segment, ...]:
        return (_level(self.lasts, self.at),)


class Staircase(LoadProfile, frozen=True, kw_only=True):
    """So many loads, equally far apart and equally long."""

    words: ClassVar[str] = "a staircase up to {}"
    from_: AtLeastZero = field(name="from")
    to: AtLeastZero
    steps: Annotated[int, Meta(ge=2)]
    """How many loads, the first and the last included."""
    each: Period

    def __post_init__(self) -> None:
        _check_different(self.from_, self.to)
        check_whole(self.by, {"from": self.from_, "to": self.to})

    @property
    def segments(self) -> tuple[Segment, ...]:
        apart = (self.to - self.from_) / (self.steps - 1)
        return tuple(_level(self.each, self.from_ + apart * place) for place in range(self.steps))


class Shapes(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The tables of [load] that say how its shape goes: a shape "spike" by [load.spike]."""

    ramp_shape: RampShape | None = None
    """Of a shape "ramp"; `ramp` itself is the phase before a level."""
    step: Step | None = None
    spike: Spike | None = None
    soak: Soak | None = None
    staircase: Staircase | None = None


class Shape(NamedTuple):
    """How a scenario asks for a shape."""

    table: str
    """The key of [load] under which its keys stand."""
    kind: type[LoadProfile]


SHAPES = {each.name.removesuffix("_shape"): Shape(each.name, get_args(each.type)[0]) for each in fields(Shapes)}
"""Every shape by the name that a scenario gives it."""
ShapeName = Annotated[
    str,
    text_like(
        rf"({'|'.join(SHAPES)}|[A-Z]\w*)?",
        f"{', '.join(map(json.dumps, SHAPES))} or the name of a LoadTestShape class in the locustfile",
    ),
]


def check_whole(by: By, levels: Mapping[str, float]) -> None:
    """Refuse a fraction of a user."""
    for key, level in levels.items():
        if by == "users" and level != int(level):
            raise ValueError(f"{key}: expected a whole number of users, got {level:g}")


def _check_different(start: float, end: float) -> None:
    if start == end:
        raise ValueError(f'to: expected another load than from = {start:g}, got the same; a shape "soak" is level')


def _level(lasts: str, at: float) -> Segment:
    return Segment(parse_duration(lasts), at, at)
