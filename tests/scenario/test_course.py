"""A course is a few straight pieces, in whole users where it counts users."""

import pytest

from firsttoken.scenario.course import SHAPES, LoadProfile, RampShape, Segment, Soak, Spike, Staircase, Step
from firsttoken.scenario.load import Load

CLIMB = RampShape(by="rate", from_=0, to=10, over="10s")
JUMP = Step(by="users", from_=2, to=8, after="5s", lasts="20s")
BURST = Spike(by="rate", base=1, peak=9, before="5s", lasts="2s", after="3s")
LONG = Soak(by="rate", at=0.5, lasts="1h")
STAIRS = Staircase(by="users", from_=10, to=1, steps=4, each="5s")


@pytest.mark.parametrize(
    ("load_profile", "seconds", "peak", "amount"),
    [(CLIMB, 10, 10, 50), (JUMP, 25, 8, 170), (BURST, 10, 9, 26), (LONG, 3600, 0.5, 1800), (STAIRS, 20, 10, 110)],
)
def test_a_course_knows_how_long_how_high_and_how_much_it_is(load_profile: LoadProfile, seconds, peak, amount):
    assert (load_profile.seconds, load_profile.peak, load_profile.amount) == (seconds, peak, amount)


def test_a_staircase_begins_and_ends_where_it_says():
    assert STAIRS.segments == (Segment(5, 10, 10), Segment(5, 7, 7), Segment(5, 4, 4), Segment(5, 1, 1))


@pytest.mark.parametrize("load_profile", [CLIMB, JUMP, BURST, LONG, STAIRS])
def test_the_load_finds_the_course_of_its_shape(load_profile: LoadProfile):
    name, table = next((name, shape.table) for name, shape in SHAPES.items() if shape.kind is type(load_profile))

    load = Load(**{"shape": name, table: load_profile})

    assert load.profile is load_profile
    assert load.by == load_profile.by
