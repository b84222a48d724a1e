"""What levels count, in words."""

import msgspec
import pytest

from firsttoken.decide.words.load_unit import REQUESTS, USERS, find_unit, rate_unit
from firsttoken.results.stage import Stage
from firsttoken.scenario.load import Load, Search


@pytest.mark.parametrize(
    ("unit", "level", "words"),
    [
        (USERS, 1.0, "1 user"),
        (USERS, 1024.0, "1,024 users"),
        (REQUESTS, 0.5, "0.5 requests/s"),
        (REQUESTS, 1.0, "1 request/s"),
        (REQUESTS, 2.5, "2.5 requests/s"),
        (REQUESTS, 1 / 3, "0.333 requests/s"),
        (REQUESTS, 1234.0, "1,234 requests/s"),
        (rate_unit(3), 2.0, "2 sessions/s"),
    ],
)
def test_a_level_is_told_in_its_own_unit(unit, level, words):
    assert unit.write(level) == words


def stage(by: str, **fields: object) -> Stage:
    return Stage(stage=0, target="a", level=1.0, repeat=0, users=1, started=0, by=by, **fields)


def test_what_confirms_says_nothing_of_what_the_ladder_counts():
    assert find_unit([stage("rate", confirms=True), stage("users")], Load()) == USERS
    assert find_unit([stage("rate")], Load()) == REQUESTS


def test_an_arrival_of_several_requests_is_a_session():
    unit = find_unit([stage("rate")], Load(rate=[1.0], turns=4))

    assert (unit.unit, unit.turns) == ("sessions/s", 4)


def test_a_run_without_stages_counts_users():
    assert find_unit([], Load()) == USERS


def test_a_course_is_told_by_its_name_and_its_peak():
    unit = find_unit([stage("users", shape="spike")], Load())

    assert unit.place(64.0) == "Over a spike of 64 users"
    assert unit._replace(shape="Waves").place(64.0) == "Over the shape Waves up to 64 users"
    assert USERS.place(64.0) == "At 64 users"


def test_other_levels_of_a_search_are_asked_for_there():
    search = msgspec.convert({"by": "users", "from": 1, "to": 64}, Search)

    assert find_unit([stage("users")], Load(search=search)).key == "load.search"
