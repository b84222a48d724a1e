"""What the levels of a run count, and how that is said: users of a closed loop, or arrivals a second of an open one.

Rule: every page, table and sentence asks here, so that a rate is nowhere called users. An arrival is a request, or,
where each that arrives asks several times, a session.
"""

from collections.abc import Iterable
from typing import NamedTuple

from firsttoken.decide.words.units import write_number, write_value
from firsttoken.results.stage import Stage
from firsttoken.row import By
from firsttoken.scenario.course import SHAPES
from firsttoken.scenario.load import Load


class LoadUnit(NamedTuple):
    """The words of one kind of load."""

    by: By
    unit: str
    """Of a level, as `units` writes it."""
    head: tuple[str, str]
    """Title and unit of a table's column."""
    axis: str
    key: str
    """Of the scenario, where a reader asks for other levels."""
    turns: int = 1
    """How many requests one arrival makes; 1 in a closed loop, which knows no arrivals."""
    shape: str = ""
    """The name of the load profile, where there is one; a level is then its peak."""

    def write(self, level: float) -> str:
        """A level in words: "1 user", "64 users", "2.5 requests/s"."""
        return write_value(level, self.unit)

    def name(self, level: float) -> str:
        """A level or the whole profile that it is the peak of: "64 users", "a spike of 64 users"."""
        return self.describe_profile(level) if self.shape else self.write(level)

    def where(self, level: float) -> str:
        """Where something was seen: "at 64 users", "over a spike of 64 users"."""
        return f"over {self.describe_profile(level)}" if self.shape else f"at {self.write(level)}"

    def place(self, level: float) -> str:
        """The same to begin a sentence: "At 64 users"."""
        where = self.where(level)
        return where[0].upper() + where[1:]

    def describe_profile(self, level: float) -> str:
        """The profile of that peak in words: "a spike of 64 users"."""
        return LOAD_PROFILES.get(self.shape, f"the shape {self.shape} up to {{}}").format(self.write(level))

    def number(self, level: float) -> str:
        """A level in a table or on an axis: "64", "2.5"."""
        return write_number(level)


LOAD_PROFILES = {name: shape.kind.words for name, shape in SHAPES.items()} | {"trace": "a trace of {} on average"}
"""Shape -> how a load of its level is described; a user's own shape is described by its name."""

USERS = LoadUnit("users", "users", ("Users", ""), "users at once", "load.users")
REQUESTS = LoadUnit("rate", "requests/s", ("Load", "requests/s"), "requests a second", "load.rate")
SESSIONS = LoadUnit("rate", "sessions/s", ("Load", "sessions/s"), "sessions a second", "load.rate")


def find_unit(stages: Iterable[Stage], load: Load) -> LoadUnit:
    """What the levels of these stages count, as `load` asked for them; users where nothing was run."""
    first = next((stage for stage in stages if not stage.confirms), None)
    unit = USERS if first is None or first.by == "users" else rate_unit(load.turns)
    return unit._replace(shape=first.shape if first else "", key="load.search" if load.search else unit.key)


def rate_unit(turns: int) -> LoadUnit:
    """The words of an open loop whose arrivals make `turns` requests each."""
    return REQUESTS if turns == 1 else SESSIONS._replace(turns=turns)
