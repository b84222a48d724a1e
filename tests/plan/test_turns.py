"""Targets take their turns as the order says."""

from random import Random

from firsttoken.plan.turns import ORDERS


def arrange(order: str) -> list[str]:
    turns = ORDERS[order].arrange(["a", "b"], 3, Random(7))
    return [" ".join(f"{target}{level}" for target, level in group) for group in turns]


def test_the_turn_is_reversed_level_by_level():
    assert arrange("abba") == ["a0", "b0", "b1", "a1", "a2", "b2"]


def test_a_shuffle_has_every_turn_once_and_is_the_seeds_own():
    assert sorted(arrange("shuffle")) == sorted(arrange("abba"))
    assert arrange("shuffle") == arrange("shuffle") != arrange("abba")


def test_together_all_targets_are_at_the_same_level():
    assert arrange("together") == ["a0 b0", "a1 b1", "a2 b2"]
    assert [name for name, order in ORDERS.items() if order.at_once] == ["together"]
