"""The load of a scenario: a ladder of users or of rates, a search or a course over time, and how long a level takes.

Rule: what cannot be meant together is refused here. Whether exactly one kind of load is asked for is judged where the
trace is known too, in `format`.
"""

import json
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct, field
from msgspec.structs import fields

from firsttoken.decoding.duration import parse_duration
from firsttoken.old_paths import read_renamed
from firsttoken.plan.arrivals import OF_STATED_CV, Process
from firsttoken.plan.turns import ORDERS, OrderName
from firsttoken.row import By
from firsttoken.scenario.course import SHAPES, LoadProfile, ShapeName, Shapes, check_whole
from firsttoken.scenario.slo import Quantile
from firsttoken.scenario.values import (
    AboveZero,
    Count,
    Duration,
    Period,
    Positive,
    RampSpan,
    Span,
    Window,
)

KINDS = ("users", "rate", "search", "shape")
"""The keys of which a load has exactly one, unless a trace drives it."""
POOL_S, LEAST_POOL, MOST_POOL = 30.0, 100, 10_000
"""An automatic pool has room for as many as come while a request may take so long, within these bounds."""


class Search(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Where to look for the highest level that meets the SLO."""

    by: By
    from_: AboveZero = field(name="from")
    to: AboveZero
    steps: Count = 0
    """So many equal steps; 0: four to each doubling."""

    def __post_init__(self) -> None:
        if self.from_ >= self.to:
            raise ValueError(f"to: expected more than from = {self.from_:g}, got {self.to:g}")
        check_whole(self.by, {"from": self.from_, "to": self.to})


class Until(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Measure a level until the 95 % interval of a figure is narrow."""

    metric: Quantile
    within: Annotated[float, Meta(gt=0, lt=1)]
    """To either side, as a share of the figure."""
    least: Period = "15s"
    most: Period = "300s"

    def __post_init__(self) -> None:
        if parse_duration(self.least) > parse_duration(self.most):
            raise ValueError(f'most: expected at least least = "{self.least}", got "{self.most}"')


class Load(Shapes, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """How much of it, for how long: one of `users`, `rate`, `search` and `shape`; beside a trace, none of them."""

    users: list[Positive] = field(default_factory=list)
    """The ladder of a closed loop: so many users ask, read and ask again."""
    rate: list[AboveZero] = field(default_factory=list)
    """The ladder of an open loop: arrivals a second, independent of answers."""
    search: Search | None = None
    shape: ShapeName = ""
    """A course of the load over time, by the table of its name; or a LoadTestShape class of the locustfile."""
    arrivals: Process = "poisson"
    cv: AboveZero = 1.0
    """The gaps' standard deviation over their mean, of a process that has none of its own, such as gamma; above 1
    arrivals come in bursts."""
    max_in_flight: Count = 0
    """Requests of an open loop that may be open at once, the next is dropped and counted; 0: automatic."""
    turns: Positive = 1
    """Requests of an arrival: above 1 each is a session that asks, thinks and asks again."""
    think: Duration = "0s"
    ramp: RampSpan = "auto"
    settle: Span = "auto"
    measure: Window = "auto"
    until: Until | None = None
    hold: Duration = "120s"
    requests: Count = 0
    """Stop a level after so many requests; 0: by time."""
    repeats: Positive = 1
    order: OrderName = "abba"

    def __post_init__(self) -> None:
        self._check_ladder("users", self.users)
        self._check_ladder("rate", self.rate)
        self._check_profile()
        misfits = [
            f"{key}: expected none {why}, got {written}"
            for key, is_misfit, why in self._find_misfits()
            if is_misfit and (written := self.written(key))
        ]
        if misfits:
            raise ValueError("; load.".join(misfits))

    @property
    def kinds(self) -> list[str]:
        """Which of KINDS are asked for."""
        return [key for key in KINDS if getattr(self, key)]

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            """What pages of the last release read by another name."""
            return read_renamed(self, name)

    @property
    def profile(self) -> LoadProfile | None:
        """How a named shape goes; None where there is no shape, or it is a class of the locustfile."""
        profile: LoadProfile | None = getattr(self, SHAPES[self.shape].table) if self.shape in SHAPES else None
        return profile

    @property
    def by(self) -> By:
        """What its levels count. Locust's shapes count users; where nothing is asked for, a trace's arrivals come."""
        if self.search is not None:
            return self.search.by
        if self.shape:
            return "users" if self.profile is None else self.profile.by
        return "users" if self.users else "rate"

    @property
    def drives_at_once(self) -> bool:
        """Whether all targets are driven at the same time."""
        return ORDERS[self.order].at_once

    def pool(self, rate: float) -> int:
        """Requests of an open loop at `rate` arrivals a second that may be open at once, or sessions that may run."""
        lasts_s = POOL_S if self.turns == 1 else self.turns * (POOL_S + parse_duration(self.think))
        return self.max_in_flight or min(max(math.ceil(lasts_s * rate), LEAST_POOL), MOST_POOL)

    def written(self, key: str) -> str:
        """The value of a key that holds no list, as TOML writes it; empty where it has its default."""
        value = getattr(self, key)
        if value == _DEFAULTS[key]:
            return ""
        return "one" if isinstance(value, Struct) else json.dumps(value)

    def _check_ladder(self, key: str, levels: Sequence[float]) -> None:
        if list(levels) != sorted(set(levels)):
            raise ValueError(f"{key}: expected ascending numbers without repeats, got {levels}")

    def _check_profile(self) -> None:
        """The table of the named shape is there, and no other's."""
        for name, (table, _) in SHAPES.items():
            if self.shape != name and self.written(table):
                raise ValueError(f'{table}: expected none without shape = "{name}", got one')
            if self.shape == name and not self.written(table):
                raise ValueError(f'{table}: expected a table [load.{table}] beside shape = "{name}", got none')

    def _find_misfits(self) -> Iterator[tuple[str, bool, str]]:
        """Key, whether it means nothing beside what else is written, and why."""
        search, shape = self.search is not None, bool(self.shape)
        closed, opens_once = self.by == "users", self.by == "rate" and self.turns == 1 and bool(self.kinds)
        stated = " or ".join(f'"{name}"' for name in OF_STATED_CV)
        yield "cv", self.arrivals not in OF_STATED_CV, f"without arrivals = {stated}, as it sets the spread of its gaps"
        for key in ("arrivals", "max_in_flight"):  # a search of users is confirmed in open loop
            yield key, closed and not search, "in a closed loop, whose users ask again when they are free; set a rate"
        yield "turns", closed, "in a closed loop, whose users ask again and again; set a rate"
        yield "think", opens_once, "beside turns = 1, as a single request has no pause after it"
        yield "until", self.measure != "auto", f'beside measure = "{self.measure}", as both end a level'
        yield "until", search, "beside search, whose levels end once they are decided"
        yield "requests", self.until is not None, "beside until, as both end a level"
        for key in ("measure", "until", "requests"):
            yield key, shape, "beside shape, which is measured from start to end"
        yield "repeats", search, "beside search, which repeats a level where needed"
        yield "order", search, "beside search, whose targets take turns"


_DEFAULTS = {each.name: each.default for each in fields(Load)}
