"""What a flag is: its rule, what finds it, and what shows that it holds.

Rule: what shows a flag are numbers with their units, and sentences with places for them; how a number is written is
decided last, in words/. A flag is an entry of a table with its function, in one file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.measure.workload import WorkloadFacts
from firsttoken.decide.metrics.value import MetricKey
from firsttoken.row import By, Health
from firsttoken.stats.estimate import Estimate

Scope = Literal["attempt", "level", "run"]
Voids = Literal["nothing", "pass", "both"]
"""Which answers a flag forbids its level."""
Shown = Literal["validity", "terminal", "warning", "remark"]
"""Where a flag is shown: on the page on validity; in the terminal too; there and as a warning of page one; or among
what page one says of a target's answers."""


class Quantity(NamedTuple):
    """A number and its unit."""

    value: float
    unit: str


class Sentence(NamedTuple):
    """A sentence with places in braces, as str.format has them, and what stands there."""

    template: str
    facts: tuple[tuple[str, Fact], ...] = ()


class Listed(NamedTuple):
    """Several parts of a sentence, and what stands between them."""

    parts: tuple[Sentence, ...]
    between: str = ", "


Fact = str | int | Quantity | Sentence | Listed


class Evidence(NamedTuple):
    """What shows that a flag's rule holds."""

    sentences: tuple[Sentence, ...]
    value: float | None = None
    bound: float | None = None
    unit: str = ""
    """The number that decided, the bound that it passed, and their unit; None where it was not one number."""
    stands: bool = False
    """Whether the answer stands all the same, so that nothing is voided."""


def say(template: str, **facts: Fact) -> Sentence:
    """A sentence, or a part of one, with its facts."""
    return Sentence(template, tuple(facts.items()))


def show(
    template: str, value: float | None = None, bound: float | None = None, unit: str = "", **facts: Fact
) -> Evidence:
    """Evidence of one sentence, in which {value} and {bound} stand for the number that decided and its bound."""
    decisive = {"value": value, "bound": bound}
    named = {
        name: Quantity(each, unit) for name, each in decisive.items() if each is not None and f"{{{name}}}" in template
    }
    return Evidence((say(template, **named, **facts),), value, bound, unit)


def join(found: Sequence[Evidence | None]) -> Evidence | None:
    """All that was found as one evidence, whose number is the first that decided; None where nothing was."""
    held = [each for each in found if each]
    if not held:
        return None
    number = next((each for each in held if each.value is not None), held[0])
    return number._replace(sentences=tuple(sentence for each in held for sentence in each.sentences))


class WindowFacts(NamedTuple):
    """What a flag may be found in: the data of one stage, what was measured of them, and what was asked for."""

    data: WindowData
    results: Mapping[MetricKey, Estimate]
    health: Sequence[Health]
    workload: WorkloadFacts


class Rule(NamedTuple):
    """When a flag is raised, what it does to the answer, and what a measurement needs to have one."""

    rule: str
    voids: Voids
    find: Callable[[WindowFacts], Evidence | None] | None = None
    """What shows that it holds; None where more than the data of one stage is asked."""
    remedy: str = ""
    scope: Scope = "level"
    shown: Shown = "validity"
    """What forbids a pass is in the terminal in any case."""


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that was found true, and what shows it."""

    name: str
    scope: Scope
    target: str
    level: float | None
    repeat: int | None
    voids: Voids
    sentences: tuple[Sentence, ...] = ()
    evidence: str = ""
    """The sentences as they are read; empty until words/ has written them."""
    value: float | None = None
    bound: float | None = None
    unit: str = ""
    """The number that decided, the bound that it passed, and their unit; None where it was not one number."""
    by: By = "users"
    """What `level` counts."""

    @property
    def is_void(self) -> bool:
        """Whether nothing that its level showed counts."""
        return self.voids == "both"

    @property
    def bars_pass(self) -> bool:
        """Whether its level cannot pass."""
        return self.voids != "nothing"
