"""A search finds the knee of servers of 4, 16 and 64 slots within one step, for a third of the tokens of the ladder."""

from collections.abc import Callable

import pytest

from firsttoken.plan.search import Found, Verdict, conclude, grid, next_level
from firsttoken.scenario.load import Search
from tests.load.made_server import Server, climb, find_knee, measure

USERS = grid(Search(by="users", from_=1, to=256))
Results = list[tuple[float, Verdict]]


def explore(levels: list[float], judge: Callable[[float], Verdict]) -> Results:
    """Measure what the search asks for, to its end."""
    results: Results = []
    while (level := next_level(levels, results)) is not None:
        assert len(results) < 2 * len(levels), results
        results.append((level, judge(level)))
    return results


def keeps_up_to(knee: float) -> Callable[[float], Verdict]:
    return lambda level: "keeps" if level <= knee else "fails"


# -- the grid ---------------------------------------------------------------------------------------------------------


def test_without_steps_four_levels_make_a_doubling_and_users_are_whole():
    assert USERS[:14] == [1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 13, 16, 19, 23]
    assert USERS[-5:] == [128, 152, 181, 215, 256]


def test_rates_have_three_digits_and_the_ends_are_as_written():
    assert grid(Search(by="rate", from_=0.5, to=1.1234)) == [0.5, 0.595, 0.707, 0.841, 1.0, 1.1234]


def test_steps_are_equal():
    assert grid(Search(by="users", from_=10, to=20, steps=5)) == [10, 12, 14, 16, 18, 20]
    assert grid(Search(by="users", from_=1, to=3, steps=10)) == [1, 2, 3]
    assert grid(Search(by="rate", from_=1, to=2, steps=4)) == [1, 1.25, 1.5, 1.75, 2]


def test_neighbours_have_no_level_between_them():
    assert grid(Search(by="users", from_=5, to=6)) == [5, 6]


# -- the way ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(len(USERS)))
def test_every_knee_is_found_exactly_when_levels_are_told_rightly(place: int):
    found = conclude(USERS, explore(USERS, keeps_up_to(USERS[place])))

    above = USERS[place + 1] if place + 1 < len(USERS) else None
    assert found == Found(last_pass=USERS[place], first_fail=above)


def test_it_climbs_from_below_and_never_goes_beyond_twice_what_was_kept():
    levels = [level for level, _ in explore(USERS, keeps_up_to(19))]

    assert levels == [1, 2, 4, 8, 16, 32, 23, 19]


def test_no_level_is_measured_twice_when_all_of_them_can_be_told():
    for knee in USERS:
        levels = [level for level, _ in explore(USERS, keeps_up_to(knee))]
        assert len(levels) == len(set(levels)) <= 12


def test_a_lowest_level_that_fails_ends_it():
    results = explore(USERS, keeps_up_to(0))

    assert results == [(1, "fails")]
    assert conclude(USERS, results) == Found(last_pass=None, first_fail=1)


def test_an_undecided_level_is_climbed_over_and_forgotten_where_a_higher_one_meets_the_slo():
    """One user asks too few requests in a minute to tell; 32 do not."""
    results = explore(USERS, lambda level: None if level < 8 else keeps_up_to(40)(level))

    assert [level for level, _ in results][:6] == [1, 2, 4, 8, 16, 32]
    assert conclude(USERS, results) == Found(last_pass=38, first_fail=45)


def test_an_undecided_level_at_the_knee_is_measured_twice_and_then_stands_for_neither():
    results = explore(USERS, lambda level: None if level == 23 else keeps_up_to(20)(level))

    assert [level for level, _ in results] == [1, 2, 4, 8, 16, 32, 23, 23, 19]
    assert conclude(USERS, results) == Found(last_pass=19, first_fail=32, undecided=(23,))


def test_what_the_second_measurement_tells_counts():
    assert conclude(USERS, [(16, None), (16, "keeps")]) == Found(last_pass=16, first_fail=None)


def test_where_nothing_can_be_told_it_ends_all_the_same():
    found = conclude(USERS, explore(USERS, lambda level: None))

    assert (found.last_pass, found.first_fail) == (None, None)
    assert 1 in found.undecided


def test_a_pass_above_a_fail_counts_for_nothing_and_is_named():
    found = conclude(USERS, [(1, "keeps"), (8, "fails"), (16, "keeps")])

    assert found == Found(last_pass=1, first_fail=8, contradicted=(16,))


# -- the price --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slots", [4, 16, 64])
def test_the_knee_is_found_within_one_step_for_a_third_of_the_tokens_of_the_ladder(slots: int):
    """Five searches of a queue with its own luck each: all that the search does not know is drawn anew."""
    server = Server(slots)
    knee = USERS.index(find_knee(server, USERS))
    ladder = sum(measure(server, level, seed=0, early=False).tokens for level in USERS)

    for seed in range(5):
        results, tokens = climb(server, USERS, seed)
        found = conclude(USERS, results)
        assert found.last_pass is not None
        assert abs(USERS.index(found.last_pass) - knee) <= 1, results
        assert tokens <= ladder / 3
