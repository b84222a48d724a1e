"""User slots and arrivals: at every moment each has exactly one worker, also after some of them were lost."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.load.workers.shares import Assignments, assign, count_slots, reassign
from firsttoken.plan.stage import StagePlan


def plan(users: int, stage: int = 0, requests: int = 0) -> StagePlan:
    return StagePlan(
        stage=stage,
        target="t",
        level=float(users),
        repeat=0,
        users=users,
        ramp_ns=0,
        settle_ns=0,
        measure_ns=1,
        hold_ns=1,
        requests=requests,
    )


def slots_of(assignments: Assignments, plans: Sequence[StagePlan]) -> list[tuple[int, int]]:
    users = {each.stage: each.users for each in plans}
    return sorted(
        (share.stage, slot)
        for shares in assignments.values()
        for share in shares
        for slot in share.slots(users[share.stage])
    )


def all_slots(plans: Sequence[StagePlan]) -> list[tuple[int, int]]:
    return sorted((each.stage, slot) for each in plans for slot in range(each.users))


def spread_of(assignments: Assignments, plans: Sequence[StagePlan]) -> int:
    """By how many slots the most loaded worker exceeds the least loaded."""
    counts = [count_slots(shares, {each.stage: each.users for each in plans}) for shares in assignments.values()]
    return max(counts) - min(counts)


@given(users=st.lists(st.integers(1, 300), min_size=1, max_size=3), workers=st.integers(1, 9), data=st.data())
def test_every_slot_has_one_worker_and_none_holds_two_more_than_another(
    users: list[int], workers: int, data: st.DataObject
) -> None:
    plans = [plan(many, stage) for stage, many in enumerate(users)]
    assignments = assign(plans, range(1, workers + 1))

    assert slots_of(assignments, plans) == all_slots(plans)
    assert spread_of(assignments, plans) <= 1

    while len(assignments) > 1:
        lost = data.draw(st.sampled_from(sorted(assignments)))
        assignments = reassign(assignments, lost, plans, issued={}, since=dict.fromkeys(range(len(users)), 5))

        assert lost not in assignments
        assert slots_of(assignments, plans) == all_slots(plans)
        assert spread_of(assignments, plans) <= 1


@pytest.mark.parametrize("workers", [1, 4, 8])
def test_arrivals_are_those_of_one_worker_however_many_share_them(workers: int) -> None:
    assignments = assign([plan(100)], range(workers))

    taken = sorted(
        number for shares in assignments.values() for share in shares for number in range(share.place, 50, share.of)
    )

    assert taken == list(range(50))


def test_with_fewer_user_slots_than_workers_no_arrival_falls_to_one_without_a_user_slot() -> None:
    assignments = assign([plan(2)], [1, 2, 3, 4])

    assert [len(assignments[worker]) for worker in (1, 2, 3, 4)] == [1, 1, 0, 0]
    assert [share.of for shares in assignments.values() for share in shares] == [2, 2]


def test_a_share_says_since_when_and_how_often_it_was_lost() -> None:
    assignments = assign([plan(6)], [1, 2, 3])
    assignments = reassign(assignments, 2, [plan(6)], issued={}, since={0: 7_000})
    assignments = reassign(assignments, 1, [plan(6)], issued={}, since={0: 9_000})

    assert sorted((share.generation, share.from_ns) for share in assignments[3]) == [
        (0, 0),
        (1, 7_000),
        (1, 9_000),
        (2, 9_000),
    ]


def test_a_number_of_requests_is_shared_and_what_a_lost_worker_left_is_shared_again() -> None:
    plans = [plan(8, requests=10)]
    assignments = assign(plans, [1, 2, 3])
    assert [assignments[worker][0].requests for worker in (1, 2, 3)] == [4, 3, 3]

    assignments = reassign(assignments, 1, plans, issued={0: 1}, since={0: 5})

    assert sorted(share.requests for shares in assignments.values() for share in shares if share.generation) == [1, 2]


def test_a_lost_worker_that_had_issued_all_its_requests_leaves_nothing() -> None:
    plans = [plan(8, requests=10)]

    assignments = reassign(assign(plans, [1, 2]), 1, plans, issued={0: 5}, since={0: 5})

    assert [share.requests for share in assignments[2]] == [5]


def test_the_load_of_the_last_worker_is_gone_with_it() -> None:
    assert reassign(assign([plan(3)], [1]), 1, [plan(3)], issued={}, since={0: 5}) == {}
