"""A shape of the user's own: sampled second by second on a virtual clock, and refused where it cannot be driven."""

import time

import pytest

from firsttoken.decoding.duration import NS
from firsttoken.plan.locust_shape import ShapeError, sample_shape
from firsttoken.plan.profile import Segment, amount, length_ns, peak, wanted_at


class Shape:
    """As Locust's LoadTestShape: the clock that a tick() sees is this method."""

    def get_run_time(self) -> float:
        return time.perf_counter()

    def get_current_user_count(self) -> int:
        raise AttributeError("no runner")


class Stages(Shape):
    """From Locust's examples: stages, each with its users and its spawn rate."""

    stages = ((3, 10, 10), (6, 50, 100), (8, 20, 15))

    def tick(self):
        return next(((users, rate) for until, users, rate in self.stages if self.get_run_time() < until), None)


def test_stages_become_levels_with_the_ramps_of_their_spawn_rates():
    profile = sample_shape(Stages)

    assert profile == (
        Segment(NS, 0.0, 10.0),
        Segment(2 * NS, 10.0, 10.0),
        Segment(NS * 2 // 5, 10.0, 50.0),
        Segment(NS * 3 // 5 + 2 * NS, 50.0, 50.0),
        Segment(NS, 50.0, 35.0),
        Segment(NS, 35.0, 20.0),
    )


def test_a_day_is_sampled_without_waiting_for_it():
    class Day(Shape):
        def tick(self):
            now = self.get_run_time()
            return (round(50 - 50 * abs(now - 43_200) / 43_200), 10) if now < 86_400 else None

    profile = sample_shape(Day)

    assert length_ns(profile) == 86_400 * NS
    assert wanted_at(profile, 43_300 * NS) == peak(profile) == 50
    assert amount(profile, 86_400 * NS) == pytest.approx(25 * 86_400, rel=0.01)


def test_a_shape_may_ask_how_many_users_there_are():
    class Doubling(Shape):
        def tick(self):
            users = self.get_current_user_count()
            return (max(1, 2 * users), 100) if users < 16 else None

    profile = sample_shape(Doubling)

    assert peak(profile) == 16
    assert length_ns(profile) == 5 * NS


def shape_of(answer: object) -> type[Shape]:
    class Odd(Shape):
        def tick(self):
            return answer if self.get_run_time() < 2 else None

    return Odd


@pytest.mark.parametrize("answer", [5, "5", (5,), (-1, 1), (5, 0), (5.5, 1), (5, 1, ["User"]), ("5", "1")], ids=repr)
def test_what_is_no_tick_is_refused_with_its_second(answer):
    with pytest.raises(ShapeError, match=r"Odd.tick\(\) at 0 s: expected \(users, users a second\) or None, got"):
        sample_shape(shape_of(answer))


def test_a_tick_may_name_no_classes_of_users():
    assert peak(sample_shape(shape_of((5, 1, None)))) == 2


def test_a_shape_without_a_load_is_refused():
    class Nothing(Shape):
        def tick(self):
            return None

    with pytest.raises(ShapeError, match=r"Nothing: expected a load from tick\(\), got None at 0 s"):
        sample_shape(Nothing)


def test_a_shape_without_an_end_is_refused():
    class Endless(Shape):
        def tick(self):
            return (1, 1)

    with pytest.raises(ShapeError, match=r"Endless: expected tick\(\) to return None in the end"):
        sample_shape(Endless)
