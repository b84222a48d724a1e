"""Shares of answers that came compressed or in one burst, and which clients may be compared."""

import numpy as np
import pytest

from firsttoken.decide.measure.held_back import are_alike, find_held_back


def columns(*answers: tuple[str, float, bool, bool]) -> dict[str, np.ndarray]:
    names = ("target", "level", "compressed", "buffered")
    kinds = (np.object_, np.float64, np.bool_, np.bool_)
    parts = zip(*answers, strict=True)
    return {name: np.array(part, dtype=kind) for name, kind, part in zip(names, kinds, parts, strict=True)}


def test_an_answer_that_is_compressed_or_buffered_or_both_counts_once():
    shares = find_held_back(
        columns(("a", 1.0, True, True), ("a", 1.0, True, False), ("a", 1.0, False, True), ("a", 1.0, False, False))
    )

    assert shares == {("a", 1.0): 0.75}


def test_every_target_and_level_has_its_own_share():
    shares = find_held_back(columns(("a", 1.0, True, False), ("a", 2.0, False, False), ("b", 1.0, False, False)))

    assert shares == {("a", 1.0): 1.0, ("a", 2.0): 0.0, ("b", 1.0): 0.0}


@pytest.mark.parametrize(
    ("one", "other", "alike"), [(1.0, 0.0, False), (0.0, 1.0, False), (1.0, 1.0, True), (0.04, 0, True)]
)
def test_clients_are_compared_where_their_answers_came_alike(one, other, alike):
    assert are_alike({("a", 1.0): one, ("b", 1.0): other}, "a", "b", 1.0) is alike


def test_where_nothing_was_answered_nothing_is_apart():
    assert are_alike({}, "a", "b", 1.0)
