"""What a master knows of its workers: what each said last, and what a lost one leaves behind."""

import msgspec

from firsttoken.load.control.counters import Counters
from firsttoken.load.control.phases import StageClock
from firsttoken.load.control.samples import Piece
from firsttoken.load.workers.messages import WorkerProgress
from firsttoken.load.workers.roster import Member, Roster
from firsttoken.load.workers.shares import Share
from firsttoken.plan.stage import StagePlan


def plan(stage: int = 0, users: int = 4) -> StagePlan:
    return StagePlan(
        stage=stage, target="t", level=float(users), repeat=0, users=users, ramp_ns=10, settle_ns=0, measure_ns=10,
        hold_ns=10,
    )  # fmt: skip


def said(
    group: int | None = None, *, closed: bool = True, drained: bool = True, done: bool = False, **counters: int
) -> WorkerProgress:
    all_counters = {} if group is None else {group: Counters(**counters)}
    return WorkerProgress(
        group=group, users=3, closed=closed, drained=drained, counters=all_counters, failure=None, done=done
    )


def backend_of(many: int) -> tuple[Roster, list[Member]]:
    """A roster of so many workers, all ready."""
    roster = Roster()
    members = [roster.enrol(f"client-{number}") for number in range(many)]
    for member in members:
        member.progress = said()
    return roster, members


def test_workers_are_numbered_from_the_first_free_number_and_keep_it_when_they_ask_again() -> None:
    roster = Roster(first_number=5)

    assert [roster.enrol(client).number for client in ("a", "b", "a")] == [5, 6, 5]


def test_a_worker_of_this_machine_has_its_number_already() -> None:
    roster = Roster()

    assert roster.enrol("local", 1).number == 1
    assert roster.enrol("remote").number == 2


def test_a_worker_counts_once_it_has_said_how_far_it_is() -> None:
    roster = Roster()
    member = roster.enrol("a")
    assert roster.living == []

    member.progress = said()

    assert roster.living == [member]


def test_a_plan_is_told_until_the_worker_says_that_it_drives_it() -> None:
    roster, (member,) = backend_of(1)
    roster.begin([StageClock(plan(stage=7), start_ns=100)])
    assert roster.build_sync(member).orders[0].plan == plan(stage=7)

    member.progress = said(7, closed=False)

    assert roster.build_sync(member).orders[0].plan is None
    assert roster.build_sync(member).orders[0].shares == [Share(stage=7, place=0, of=1)]


def test_each_worker_is_told_the_boundaries_and_its_own_shares_alone() -> None:
    roster, members = backend_of(2)
    clock = StageClock(plan(users=4), start_ns=100)
    roster.begin([clock])
    clock.boundaries.append(("settle", 110))

    syncs = [roster.build_sync(member) for member in members]

    assert [sync.orders[0].phases for sync in syncs] == [["ramp", "settle"]] * 2
    assert [sync.orders[0].shares for sync in syncs] == [[Share(stage=0, place=n, of=2)] for n in (0, 1)]


def test_a_group_is_drained_when_every_living_worker_says_so_of_this_very_group() -> None:
    roster, (first, second) = backend_of(2)
    roster.begin([StageClock(plan(stage=3), start_ns=0)])
    first.progress, second.progress = said(3), said(2)
    assert not roster.is_drained

    second.progress = said(3, drained=False)
    assert not roster.is_drained

    second.progress = said(3)
    assert roster.is_drained


def test_a_lost_worker_leaves_its_counts_its_shares_and_nothing_open() -> None:
    roster, (first, second) = backend_of(2)
    roster.begin([StageClock(plan(users=4), start_ns=100)])
    first.progress = said(0, closed=False, issued=5, ended=3, busy=2, in_flight=2, open_measured=2)
    second.progress = said(0, closed=False, issued=4, ended=4, busy=1)

    roster.lose(first.number, now_ns=150)

    total = roster.collect_counters(0)
    assert (total.issued, total.ended, total.busy, total.in_flight, total.open_measured) == (9, 7, 1, 0, 0)
    assert roster.lost == 1
    assert roster.build_sync(first).lost
    assert roster.build_sync(second).orders[0].shares == [
        Share(stage=0, place=1, of=2),
        Share(stage=0, place=0, of=2, generation=1, from_ns=50),
    ]


def test_a_worker_that_closed_admission_while_the_group_runs_is_idle_and_after_the_groups_end_it_is_not() -> None:
    roster, (member,) = backend_of(1)
    assert roster.find_idle() == [], "no group runs"
    roster.begin([StageClock(plan(), start_ns=0)])
    assert roster.find_idle() == [], "it has not heard of the group yet"

    member.progress = said(0, closed=True)
    assert roster.find_idle() == [member]

    roster.close("cancelled_by_run")
    assert roster.find_idle() == []


def test_samples_come_in_pieces_and_a_worker_is_told_how_many_are_here() -> None:
    roster, (first, second) = backend_of(2)
    roster.begin([StageClock(plan(), start_ns=0)])
    first.record_progress(msgspec.structs.replace(said(0, closed=False), samples={0: Piece(0, [(1, 1.0), (2, 2.0)])}))
    first.record_progress(msgspec.structs.replace(said(0, closed=False), samples={0: Piece(2, [(3, 3.0)])}))
    second.record_progress(said(0, closed=False))

    assert roster.collect_counters(0).samples == [(1, 1.0), (2, 2.0), (3, 3.0)]
    assert [roster.build_sync(member).orders[0].samples for member in (first, second)] == [3, 0]

    roster.lose(first.number, now_ns=5)
    assert len(roster.collect_counters(0).samples) == 3, "what a lost worker has measured stays measured"

    roster.begin([StageClock(plan(stage=1), start_ns=10)])
    assert roster.collect_counters(1).samples == []


def test_everybody_is_told_how_many_still_live() -> None:
    roster, (first, second) = backend_of(2)
    assert roster.build_sync(second).workers == 2

    roster.lose(first.number, now_ns=0)

    assert roster.build_sync(second).workers == 1


def test_who_was_ready_once_counts_as_ready_and_who_only_came_in_does_not() -> None:
    roster, (first, _second) = backend_of(2)
    roster.enrol("late")

    roster.lose(first.number, now_ns=0)

    assert roster.ready == 2


def test_a_failure_of_one_worker_is_a_failure_of_the_run() -> None:
    roster, (_first, second) = backend_of(2)
    assert roster.failure is None

    second.progress = WorkerProgress(
        group=None, users=0, closed=True, drained=True, counters={}, failure="the disk is full"
    )

    assert roster.failure == "worker 2: the disk is full"


def test_every_worker_needs_as_many_users_as_any_has_user_slots() -> None:
    roster, members = backend_of(3)

    assert roster.count_each((plan(users=7), plan(stage=1, users=3))) == 4
    assert roster.has_users(3)

    members[0].progress = WorkerProgress(group=None, users=4, closed=True, drained=True, counters={}, failure=None)
    assert not roster.has_users(3), "one too many may be one that Locust is about to stop"
