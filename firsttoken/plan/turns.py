"""In which order targets take their turns: the table of orders. Pure.

Rule: an order is a function of the targets, the number of levels to run on each, and a seeded generator. To add one,
write its function beside the others, and give it a name in `OrderName` and an entry in ORDERS.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Literal, NamedTuple

OrderName = Literal["abba", "shuffle", "together"]
"""The keys of ORDERS."""
Turn = tuple[str, int]
"""(target, number of the level in the order in which the scenario has them)."""
Turns = list[tuple[Turn, ...]]
"""The turns in order; those of one tuple are taken at the same time."""


class TurnOrder(NamedTuple):
    """How targets take turns."""

    arrange: Callable[[Sequence[str], int, Random], Turns]
    """(targets, how many levels, seeded generator) -> the turns."""
    words: str
    """How the report says it."""
    at_once: bool = False
    """Whether all targets are driven at the same time."""


def _alternate(targets: Sequence[str], levels: int, _random: Random) -> Turns:
    """Back and forth, so that a slow drift of machine or network falls on all targets alike."""
    return [((target, level),) for level in range(levels) for target in (targets, targets[::-1])[level % 2]]


def _shuffle(targets: Sequence[str], levels: int, random: Random) -> Turns:
    turns = _alternate(targets, levels, random)
    random.shuffle(turns)
    return turns


def _run_together(targets: Sequence[str], levels: int, _random: Random) -> Turns:
    return [tuple((target, level) for target in targets) for level in range(levels)]


ORDERS: dict[OrderName, TurnOrder] = {
    "abba": TurnOrder(_alternate, "targets take turns level by level, there and back"),
    "shuffle": TurnOrder(_shuffle, "levels and targets in seeded random order"),
    "together": TurnOrder(_run_together, "all targets at the same time, each with its own load", at_once=True),
}
"""Every order by the name that a scenario gives it."""
