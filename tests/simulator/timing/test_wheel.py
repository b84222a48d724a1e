"""What goes into the wheel comes out once, at its time, in order."""

from hypothesis import given
from hypothesis import strategies as st

from firsttoken.simulator.timing.wheel import Wheel


def test_an_empty_wheel_has_no_next_time():
    wheel = Wheel[str](10)
    assert wheel.next_ns() is None
    assert list(wheel.pop(1_000)) == []


def test_items_come_out_in_the_order_of_their_ticks_and_within_a_tick_as_they_went_in():
    wheel = Wheel[str](10)
    for due_ns, item in [(300, "late"), (101, "first"), (99, "second"), (200, "middle")]:
        wheel.add(due_ns, item)
    assert wheel.next_ns() == 100
    assert list(wheel.pop(200)) == ["first", "second", "middle"]
    assert list(wheel.pop(299)) == []
    assert list(wheel.pop(300)) == ["late"]


def test_an_item_added_while_others_come_out_comes_along_if_it_is_due():
    wheel = Wheel[int](10)
    wheel.add(10, 1)
    out = []
    for item in wheel.pop(30):
        out.append(item)
        if item < 5:
            wheel.add(10 * (item + 1), item + 1)
    assert out == [1, 2, 3]
    assert wheel.next_ns() == 40


@given(st.lists(st.integers(0, 10_000)), st.integers(1, 500), st.integers(1, 300))
def test_every_item_comes_out_once_and_at_most_half_a_tick_early(dues, tick_ns, step_ns):
    wheel = Wheel[int](tick_ns)
    for due_ns in dues:
        wheel.add(due_ns, due_ns)
    out = []
    for now_ns in range(0, 10_000 + tick_ns + step_ns, step_ns):
        popped = list(wheel.pop(now_ns))
        assert all(due_ns <= now_ns + tick_ns / 2 for due_ns in popped)
        out += popped
    assert sorted(out) == sorted(dues)
