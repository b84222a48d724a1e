"""When a user slot of a closed loop is open: over a ramp one by one, and under a shape as the load wanted says."""

from firsttoken.decoding.duration import NS
from firsttoken.plan.profile import Profile, Segment, amount, length_ns
from firsttoken.plan.slots import find_opening, find_spans
from firsttoken.plan.stage import StagePlan


def plan(users: int, profile: Profile = ()) -> StagePlan:
    return StagePlan(
        stage=0,
        target="a",
        level=float(users),
        repeat=0,
        users=users,
        ramp_ns=NS,
        settle_ns=0,
        measure_ns=NS,
        hold_ns=0,
        profile=profile,
    )


SPIKE = (Segment(2 * NS, 0.0, 2.0), Segment(5 * NS, 2.0, 2.0), Segment(3 * NS, 8.0, 8.0), Segment(5 * NS, 2.0, 2.0))


def test_users_of_a_ladder_are_let_in_evenly_over_the_ramp() -> None:
    assert [find_spans(plan(4), slot) for slot in range(4)] == [[(quarter * NS // 4, None)] for quarter in range(4)]


def test_a_user_slot_above_the_base_is_open_for_the_spike_alone() -> None:
    assert find_spans(plan(8, SPIKE), 1) == [(3 * NS // 2, None)]
    assert find_spans(plan(8, SPIKE), 7) == [(7 * NS, 10 * NS)]


def test_a_user_slot_that_closes_opens_again_with_the_next_rise() -> None:
    waves = (Segment(NS, 0.0, 4.0), Segment(NS, 4.0, 0.0), Segment(NS, 0.0, 4.0), Segment(NS, 4.0, 4.0))

    spans = find_spans(plan(4, waves), 1)

    assert spans == [(375_000_000, 1_625_000_000), (2_375_000_000, None)]
    assert [find_opening(spans, at) for at in (0, NS, 2 * NS, 9 * NS)] == [
        375_000_000,
        375_000_000,
        2_375_000_000,
        2_375_000_000,
    ]


def test_on_average_as_many_user_slots_are_open_as_the_shape_wants() -> None:
    shape = (Segment(4 * NS, 0.0, 40.0), Segment(6 * NS, 40.0, 10.0), Segment(NS, 10.0, 0.0), Segment(NS, 0.0, 0.0))
    ends_ns = length_ns(shape)

    open_ns = sum((to or ends_ns) - opens for slot in range(40) for opens, to in find_spans(plan(40, shape), slot))

    assert abs(open_ns / NS / amount(shape, ends_ns) - 1) < 0.01


def test_a_user_slot_that_never_opens_has_no_opening() -> None:
    assert find_opening(find_spans(plan(9, SPIKE), 8), 0) is None
