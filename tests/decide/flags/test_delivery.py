"""Whether the load that was asked for was brought."""

import dataclasses

import msgspec
import pytest

from firsttoken.decide.flags.delivery import find_missing_load, find_own_lateness
from firsttoken.decide.flags.flag import Evidence
from firsttoken.decide.measure.delivered import count_due, lateness_ms
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.row import HELD_BACK, Row
from tests.decide.hand import build_window, row, said


def ask_again(user: int = 0, *, busy: float = 1000, pause: float = 0, until: float = 10_000) -> list[Row]:
    """One user's requests, each `busy` ms long, with a pause after each; the last begins before `until`."""
    rows, now = [], 0.0
    while now < until:
        rows.append(
            row(f"{user}-{len(rows)}", user=user, intended=now, first=now + busy / 2, last=now + busy, output=9)
        )
        now += busy + pause
    return rows


def decisive(evidence: Evidence | None) -> tuple[float, float] | None:
    """The number that decided and its bound."""
    return evidence and (pytest.approx(evidence.value), evidence.bound)


def test_a_user_who_asks_again_at_once_is_at_work():
    assert said(find_missing_load(build_window(ask_again()), 0.0)) == ""


def test_a_user_who_went_away_is_missing():
    rows = ask_again(0) + ask_again(1, until=8000)

    assert decisive(find_missing_load(build_window(rows, users=2), 0.0)) == (1.8, 2)


def test_a_user_who_was_kept_waiting_now_and_then_is_idle():
    """Most pauses are none, so the long ones are not the behaviour's."""
    rows = [
        row(f"r{n}", intended=n * 500 + 500 * (n // 8), first=0, last=n * 500 + 500 * (n // 8) + 500) for n in range(18)
    ]

    assert "users were busy with a request" in said(find_missing_load(build_window(rows), 0.0))


def test_users_who_think_as_the_scenario_says_are_not_idle():
    assert said(find_missing_load(build_window(ask_again(busy=400, pause=600)), 0.6)) == ""
    assert said(find_missing_load(build_window(ask_again(busy=400, pause=600), window=(450, 9450)), 0.6)) == ""


def test_users_who_wait_as_their_behaviour_says_are_not_idle():
    assert said(find_missing_load(build_window(ask_again(busy=400, pause=600)), 0.0)) == ""
    assert said(find_missing_load(build_window(ask_again(busy=400, pause=2000)), 0.5)) == ""


def test_a_user_who_went_away_is_missing_whatever_the_behaviour():
    rows = ask_again(0, busy=400, pause=600) + ask_again(1, busy=400, pause=600, until=5000)

    assert decisive(find_missing_load(build_window(rows, users=2), 0.0)) == (1.5, 2)


def test_a_request_that_was_lost_was_over_when_its_user_asked_again():
    """The user slot of a load process that was lost goes to another, which asks in its place."""
    rows = [*ask_again(0), row("lost", user=1, intended=0, outcome="lost")]
    successors = [row(f"1-{n}", user=1, intended=n * 1000 + 700, first=0, last=n * 1000 + 1700) for n in range(10)]

    assert said(find_missing_load(build_window(rows + successors, users=2), 0.0)) == ""
    assert said(find_missing_load(build_window(rows, users=2), 0.0)) == ""


def test_users_who_wait_for_a_share_of_the_quota_are_idle_though_all_of_them_do():
    """The pause is the run's own, and no behaviour's: 8 users at a door that lets one through a second."""
    rows = [
        row(f"{n}", user=n % 8, intended=n * 1000, first=n * 1000 + 400, last=n * 1000 + 900, checks=[HELD_BACK])
        for n in range(10)
    ]

    assert said(find_missing_load(build_window(rows, users=8), 0.0)) == (
        "0.900 users were busy with a request on average; the target was 8; 10 requests waited for the run's own "
        "[budget] (its caps, or quota_share)."
    )


def test_more_users_than_asked_for_is_as_wrong():
    rows = ask_again(0) + ask_again(1)

    assert "2.00 users" in said(find_missing_load(build_window(rows, users=1), 0.0))


def test_a_course_is_held_against_its_mean_and_only_for_what_it_lacks():
    """Whoever is sent away after a peak finishes what was asked, which is more than the course wants."""
    rows = ask_again(0) + ask_again(1, until=5000)

    assert find_missing_load(build_window(rows, users=2, shape="step", mean_level=1.5), 0.0) is None
    assert find_missing_load(build_window(rows, users=2, shape="step", mean_level=1.2), 0.0) is None
    short = find_missing_load(build_window(rows, users=2, shape="step", mean_level=1.8), 0.0)
    assert "the target was 1.80" in said(short)
    assert find_missing_load(build_window(rows, users=2, shape="Waves"), 0.0) is None


def counted(rows: list[Row], *, users: int, idle_ms: float, **keys: object) -> WindowData:
    """An observation of 10 s whose load process counted for how long user slots had no user at work."""
    data = build_window(rows, users=users, **keys)
    [one] = data.stages
    stage = msgspec.structs.replace(one, idle_measured_ns=round(idle_ms * 1e6))
    return dataclasses.replace(data, stages=(stage,))


def test_users_who_ask_as_they_like_are_at_work_where_nobody_was_counted_as_idle():
    """Three at once, then a long pause, and one who asked but once: no rhythm tells that they were all there."""
    rows = [
        row(f"{n}", user=0, intended=n // 3 * 5000 + n % 3 * 400, last=n // 3 * 5000 + n % 3 * 400 + 400)
        for n in range(6)
    ]
    rows.append(row("once", user=1, intended=0, last=300))

    assert said(find_missing_load(counted(rows, users=2, idle_ms=0), 0.2)) == ""


def test_user_slots_that_had_no_user_at_work_are_missing_whatever_the_rows_look_like():
    reported = find_missing_load(counted(ask_again(0) + ask_again(1), users=2, idle_ms=5000), 0.0)

    assert decisive(reported) == (1.5, 2)


def test_more_users_than_user_slots_are_too_many_also_where_no_slot_was_idle():
    assert "2.00 users" in said(find_missing_load(counted(ask_again(0) + ask_again(1), users=1, idle_ms=0), 0.0))


def test_where_a_load_process_was_lost_the_rows_tell_for_what_it_would_have_counted():
    data = counted(ask_again(0) + ask_again(1, until=5000), users=2, idle_ms=0, workers_lost=1)

    assert "1.50 users" in said(find_missing_load(data, 0.0))


def arrivals(count: int = 100, *, late: float = 0, skip: int | None = None) -> list[Row]:
    """A request each 100 ms, begun so much later than it was due; one of them may never have been handed out."""
    return [
        row(f"r{n}", user=n, intended=n * 100, sent=n * 100 + late, first=n * 100 + 300, last=n * 100 + 400)
        for n in range(count)
        if n != skip
    ]


def test_arrivals_that_were_all_begun_are_what_was_asked_for():
    assert said(find_missing_load(build_window(arrivals(), by="rate"), 0.0)) == ""


@pytest.mark.parametrize(("dropped", "missing"), [(2, False), (3, True)])
def test_two_arrivals_in_a_hundred_may_be_dropped(dropped, missing):
    reported = said(find_missing_load(build_window(arrivals(), by="rate", dropped=dropped), 0.0))

    assert bool(reported) == missing
    assert not reported or reported == (
        "100 of the 103 requests due in the window started in it; 3 were dropped (load.max_in_flight)."
    )


def test_an_arrival_that_nobody_handed_out_leaves_a_gap_in_the_numbers():
    assert count_due(build_window(arrivals(skip=50), by="rate")) == 100
    assert count_due(build_window([each for each in arrivals() if each.user % 2 == 0], by="rate")) == 99
    half = said(find_missing_load(build_window([each for each in arrivals() if each.user % 2 == 0], by="rate"), 0.0))
    assert half == "50 of the 99 requests due in the window started in it."


def test_what_was_due_in_the_window_and_begun_after_it_was_not_delivered():
    assert said(find_missing_load(build_window(arrivals(late=500), by="rate"), 0.0)).startswith("95 of the 100")


def test_later_turns_of_a_session_are_due_when_their_user_is_free():
    second = row("s", user=3, turn=1, intended=700, sent=900, first=1000, last=1100)

    assert count_due(build_window([*arrivals(), second], by="rate")) == 100
    assert len(lateness_ms(build_window([*arrivals(), second], by="rate"))) == 100


def test_lateness_ends_where_the_connection_begins():
    one = row("r", user=0, intended=100, sent=180, connect_start_ns=101 * 1_000_000, first=200, last=300)

    assert lateness_ms(build_window([one], by="rate")).tolist() == [1.0]


def test_an_arrival_that_was_held_back_is_missing_and_says_nothing_of_the_load_process():
    rows = [each if each.user % 2 else with_check(each) for each in arrivals(late=800)]

    data = build_window(rows, by="rate")

    assert said(find_own_lateness(build_window([each for each in rows if each.checks], by="rate"))) == ""
    assert len(lateness_ms(data)) == 50
    assert said(find_missing_load(data, 0.0)).endswith(
        "started when they were due; 50 requests waited for the run's own [budget] (its caps, or quota_share)."
    )


def with_check(held: Row) -> Row:
    return msgspec.structs.replace(held, checks=[HELD_BACK])


@pytest.mark.parametrize(("late", "reported"), [(1, False), (2, True)])
def test_one_late_arrival_in_a_hundred_is_allowed(late, reported):
    rows = arrivals()[: 100 - late] + arrivals(late=11)[100 - late :]

    assert bool(said(find_own_lateness(build_window(rows, by="rate")))) == reported


def test_lateness_says_nothing_of_the_load_process_where_places_ran_out():
    assert said(find_own_lateness(build_window(arrivals(late=50), by="rate", dropped=1))) == ""
    assert said(find_own_lateness(build_window(arrivals(late=50), by="users"))) == ""
