"""How a load that changes was carried along its course."""

import pytest

from firsttoken.decide.judge.profile import Span, cut, find_break, follow_load_profile
from firsttoken.decide.measure.slo import SloLimits
from firsttoken.decide.measure.window_data import pool
from firsttoken.row import Row
from firsttoken.scenario.course import Segment
from firsttoken.stats.proportion import proportion_interval
from tests.decide.hand import build_window, row

STAIRS = (Segment(20, 2, 2), Segment(20, 4, 4), Segment(20, 6, 6))
SLO = SloLimits({"ttft_ms": 1000.0}, 0.9)


def climb(breaks_s: float, every_s: float = 0.2, length_s: float = 60, **fields: object) -> list[Row]:
    """Requests five times a second whose first token takes 500 ms, and 3 s from the breaking point on."""
    rows = []
    for n in range(round(length_s / every_s)):
        at, wait = 1000 * n * every_s, 500 if n * every_s < breaks_s else 3000
        rows.append(row(f"r{n:04}", user=n, intended=at, first=at + wait, last=at + wait + 100, **fields))
    return rows


def watch(rows: list[Row], repeat: int = 0, window: tuple[float, float] = (0, 60_000), **keys: object):
    keys = {"by": "rate", "shape": "staircase"} | keys
    return build_window(rows, SLO, window=window, end=90_000, repeat=repeat, **keys)


def test_each_piece_is_cut_into_the_parts_nearest_to_a_tenth_of_the_course():
    spike = (Segment(14, 3, 3), Segment(6, 30, 30), Segment(20, 3, 3))

    assert [span.load for span in cut(spike, 40)] == [3, 3, 3, 3, 30, 30, 3, 3, 3, 3, 3]
    assert cut(spike, 40)[4] == Span(14.0, 17.0, 30)


def test_the_load_of_a_part_of_a_ramp_is_its_mean():
    spans = cut((Segment(100, 0, 10),), 100)

    assert [span.load for span in spans] == pytest.approx([0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5])


def test_a_course_that_was_broken_off_is_followed_up_to_there():
    spans = cut(STAIRS, 30)

    assert (spans[-1].ends_s, spans[-1].load) == (30, 4)


def test_where_nobody_tells_the_pieces_the_window_is_cut_into_ten():
    spans = cut((), 50)

    assert len(spans) == 10
    assert (spans[3].begins_s, spans[3].ends_s, spans[3].load) == (15.0, 20.0, None)


def test_the_part_at_which_the_slo_was_missed_first_is_found_with_its_load():
    slices = follow_load_profile(watch(climb(breaks_s=40)), STAIRS)
    broke = find_break(slices)

    assert broke is not None
    assert (broke.load, broke.begins_s) == (6, 40.0)
    assert broke.wait_ms.value == 3000
    assert all(time_slice.wait_ms.value == 500 for time_slice in slices if time_slice.begins_s < 40)


def test_a_course_that_holds_breaks_nowhere():
    slices = follow_load_profile(watch(climb(breaks_s=99)), STAIRS)

    assert find_break(slices) is None
    assert sum(time_slice.share.n for time_slice in slices) == 300


def test_the_intervals_of_all_parts_hold_together():
    """Each of nine is wider than that of a share which is looked at alone."""
    share = follow_load_profile(watch(climb(99)), STAIRS)[0].share
    alone = proportion_interval(share.n, share.n)

    assert share.lo < alone.lo
    assert share.lo == pytest.approx((0.05 / 9 / 2) ** (1 / share.n))


def test_repeats_of_a_course_are_taken_together():
    later = [row(f"s{n:04}", user=n, intended=1e6 + 200 * n, first=1e6 + 200 * n + 500) for n in range(300)]
    both = pool([watch(climb(99)), watch(later, repeat=1, window=(1e6, 1.06e6))])

    once, twice = (follow_load_profile(data, STAIRS) for data in (watch(climb(99)), both))

    assert [time_slice.share.n for time_slice in twice] == [2 * time_slice.share.n for time_slice in once]


def test_where_nobody_tells_the_load_it_is_what_came():
    """Five arrivals a second; of a closed loop each is at work for 600 ms, which makes three users."""
    by_rate = follow_load_profile(watch(climb(99)), ())
    by_users = follow_load_profile(watch(climb(99), by="users"), ())

    assert [time_slice.load for time_slice in by_rate] == pytest.approx([5.0] * 10)
    assert by_users[5].load == pytest.approx(3.0)


def test_parts_in_which_nobody_asked_are_left_out():
    slices = follow_load_profile(watch(climb(99, length_s=20)), STAIRS)

    assert {time_slice.load for time_slice in slices} == {2}
