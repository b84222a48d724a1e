"""Chance by name: it repeats itself, it is even, and names that are alike have nothing in common."""

from itertools import pairwise

import pytest

from firsttoken.traffic.chance import draw_from


def draw(name: str, numbers: int) -> list[float]:
    random = draw_from(name)
    return [random() for _ in range(numbers)]


def test_the_same_name_gives_the_same_numbers_for_ever():
    """The figures are those of the first version: what depends on them can be asked again."""
    assert draw("7/4-0-2-3", 20) == draw("7/4-0-2-3", 20)
    assert draw("7/4-0-2-3", 2) == [0.31789171846673536, 0.6475493393077236]


def test_numbers_are_even_between_0_and_1():
    numbers = draw("even", 10_000)

    tenths = [sum(at <= 10 * number < at + 1 for number in numbers) for at in range(10)]
    assert sum(tenths) == 10_000
    assert all(tenth == pytest.approx(1000, abs=150) for tenth in tenths)


def test_one_number_says_nothing_of_the_next():
    numbers = draw("apart", 10_000)

    mean = sum(numbers) / len(numbers)
    together = sum((a - mean) * (b - mean) for a, b in pairwise(numbers)) / len(numbers)
    assert abs(together) < 0.004


def test_names_that_are_alike_have_no_number_in_common():
    assert not set(draw("7/4-0-2-3", 100)) & set(draw("7/4-0-2-4", 100))
