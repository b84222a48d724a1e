"""Shapes: each is a few straight pieces, and the time to carry an amount undoes the amount of a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.decoding.duration import NS
from firsttoken.plan.profile import Profile, Segment, amount, carry, length_ns, peak, profile_of, wanted_at
from firsttoken.scenario.course import LoadProfile, RampShape, Soak, Spike, Staircase, Step

CLIMB = RampShape(by="rate", from_=0, to=100, over="10s")
FALL = RampShape(by="users", from_=8, to=2, over="1m")
JUMP = Step(by="users", from_=2, to=8, after="5s", lasts="20s")
BURST = Spike(by="rate", base=1, peak=9, before="5s", lasts="2s", after="3s")
LONG = Soak(by="rate", at=4, lasts="1h")
STAIRS = Staircase(by="users", from_=1, to=10, steps=4, each="5s")


def profile(load_profile: LoadProfile) -> Profile:
    return profile_of(load_profile.segments)


@pytest.mark.parametrize(
    ("load_profile", "seconds", "values"),
    [
        (CLIMB, (0, 2.5, 10, 11), [0, 25, 100, 100]),
        (FALL, (0, 30, 60), [8, 5, 2]),
        (JUMP, (0, 4.9, 5, 24, 30), [2, 2, 8, 8, 8]),
        (BURST, (0, 4.9, 5, 6.9, 7, 30), [1, 1, 9, 9, 1, 1]),
        (LONG, (0, 3599, 4000), [4, 4, 4]),
        (STAIRS, (0, 5, 10, 15, 100), [1, 4, 7, 10, 10]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, LoadProfile) else "",
)
def test_a_shape_has_its_values_and_keeps_the_last(load_profile, seconds, values):
    shaped = profile(load_profile)

    assert [wanted_at(shaped, round(second * NS)) for second in seconds] == values


@pytest.mark.parametrize(
    ("load_profile", "seconds", "units"),
    [(CLIMB, 10, 500), (CLIMB, 5, 125), (CLIMB, 12, 700), (BURST, 6, 14), (BURST, 10, 26), (BURST, 20, 36)],
)
def test_the_amount_is_the_integral(load_profile, seconds, units):
    assert amount(profile(load_profile), seconds * NS) == pytest.approx(units)


def test_a_course_and_its_profile_agree():
    for load_profile in (CLIMB, FALL, JUMP, BURST, LONG, STAIRS):
        shaped = profile(load_profile)
        assert length_ns(shaped) == load_profile.seconds * NS
        assert peak(shaped) == load_profile.peak
        assert amount(shaped, length_ns(shaped)) == pytest.approx(load_profile.amount)


def test_a_piece_of_no_length_is_passed_over():
    jump = (Segment(0, 0.0, 5.0), Segment(NS, 2.0, 2.0))

    assert wanted_at(jump, 0) == 2
    assert amount(jump, NS) == 2


@given(
    start=st.just(0.0) | st.floats(1e-6, 1e4),
    end=st.just(0.0) | st.floats(1e-6, 1e4),
    seconds=st.integers(1, 10_000),
    share=st.floats(0.001, 1),
)
def test_the_time_to_carry_an_amount_undoes_the_amount_of_a_time(start, end, seconds, share):
    """To a nanosecond of load: where the load is next to nothing, so is what a long time adds."""
    segment = Segment(seconds * NS, start, end)
    at_ns = round(share * segment.length_ns)
    carried_ns = carry(segment, amount((segment,), at_ns))

    assert amount((segment,), carried_ns) == pytest.approx(amount((segment,), at_ns), rel=1e-6, abs=1e-6)


def test_nothing_is_carried_in_no_time():
    assert carry(Segment(NS, 0.0, 5.0), 0.0) == 0
