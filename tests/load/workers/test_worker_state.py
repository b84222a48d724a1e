"""A worker follows states: whatever came before, twice or not at all, it drives the shares that are its own."""

from pathlib import Path
from typing import Any

from firsttoken.decoding.duration import NS
from firsttoken.load.session.session import Session
from firsttoken.load.workers.messages import Order, StateSync
from firsttoken.load.workers.shares import Share
from firsttoken.load.workers.worker_state import WorkerState
from firsttoken.row import Phase
from firsttoken.scenario.target import Target
from tests.load.made_session import ScriptedClient, ScriptedTarget, add_users, make_session, send_for_ever
from tests.load.virtual_clock import VirtualClock
from tests.load.workers.world import stage

BOTH = Share(stage=3, place=0, of=1)
FIRST, SECOND = (Share(stage=3, place=place, of=2) for place in (0, 1))


def open_worker(folder: Path, targets: dict[str, Any] | None = None) -> tuple[WorkerState, Session, VirtualClock]:
    """Worker 1 with two users, who send requests of half a second."""
    clock = VirtualClock()
    session = make_session(folder, takes_s=0.5, targets=targets, clock=clock, worker=1)
    add_users(session, "ab")
    for user in "ab":
        send_for_ever(session, user)
    return WorkerState(session, seed=7, trace=None), session, clock


def sync(
    *shares: Share, phases: tuple[Phase, ...] = ("ramp",), ended: bool = False, told: bool = True, **keys: Any
) -> StateSync:
    """The state of a run whose stage 3 has two slots."""
    order = Order(
        stage=3,
        plan=stage(users=2) if told else None,
        start_ns=0,
        phases=list(phases),
        ended=ended,
        shares=list(shares),
    )
    standing = {"group": 3, "closes": None, "over": False, "takes_rows": True, "workers": 2, "lost": False}
    return StateSync(orders=[order], **(standing | keys))


def test_a_worker_sends_in_its_own_share_alone_and_takes_over_another_s(tmp_path: Path) -> None:
    state, session, clock = open_worker(tmp_path)

    state.apply_sync(sync(FIRST))
    clock.let_pass(0.1)
    assert session.counters.busy == 1
    state.apply_sync(sync(FIRST, SECOND, told=False))
    clock.let_pass(0.1)

    assert session.counters.busy == 2


def test_a_state_that_is_told_twice_changes_nothing(tmp_path: Path) -> None:
    state, session, clock = open_worker(tmp_path)

    for _ in range(3):
        state.apply_sync(sync(BOTH, phases=("ramp", "settle", "measure")))
        clock.let_pass(0.6)

    progress = state.describe_progress()
    assert session.counters.busy == 2
    assert (progress.group, progress.closed, progress.users) == (3, False, 2)
    assert progress.counters[3].issued == session.recorder.started[3] == 8


def test_a_stage_whose_plan_was_lost_on_the_way_is_not_begun(tmp_path: Path) -> None:
    state, session, clock = open_worker(tmp_path)

    state.apply_sync(sync(BOTH, told=False))
    clock.let_pass(0.1)

    assert state.describe_progress().group is None
    assert session.counters.busy == 0


def test_a_state_of_an_earlier_group_that_comes_late_begins_nothing(tmp_path: Path) -> None:
    state, _, clock = open_worker(tmp_path)
    state.apply_sync(sync(BOTH))
    state.apply_sync(sync(BOTH, ended=True, closes="cancelled_by_run", told=False))
    clock.let_pass(1)

    state.apply_sync(sync(BOTH, group=2))

    assert state.describe_progress().group == 3
    assert state.is_drained


def test_a_group_is_over_once_its_streams_have_ended(tmp_path: Path) -> None:
    state, session, clock = open_worker(tmp_path)
    state.apply_sync(sync(BOTH))
    clock.let_pass(0.1)

    state.apply_sync(sync(BOTH, ended=True, closes="cancelled_by_run", over=True))
    assert (state.over, state.is_drained) == (True, False)
    clock.let_pass(0.5)

    assert state.is_drained
    assert session.counters.busy == 0


def test_a_worker_that_counts_as_lost_sends_nothing_more(tmp_path: Path) -> None:
    state, session, clock = open_worker(tmp_path)
    state.apply_sync(sync(BOTH))
    clock.let_pass(0.1)

    state.apply_sync(sync(lost=True))
    clock.let_pass(2)

    assert state.lost and state.is_drained
    assert session.recorder.started == {3: 2}


def test_a_phase_begins_where_the_master_says_so(tmp_path: Path) -> None:
    state, session, clock = open_worker(tmp_path)
    state.apply_sync(sync(BOTH))
    clock.let_pass(1)
    state.apply_sync(sync(BOTH, phases=("ramp", "settle", "measure")))

    [stage_run] = session.admission.stage_runs

    assert stage_run.clock.boundaries == [("ramp", 0), ("settle", NS), ("measure", NS)]


def test_the_garbage_collector_keeps_its_pauses_where_the_openai_package_sends(tmp_path: Path) -> None:
    client = ScriptedClient([], 0.5, VirtualClock())
    targets = {"a": ScriptedTarget(client, Target(model="a", client="sdk"))}
    state, _, _ = open_worker(tmp_path, targets)

    state.apply_sync(sync(BOTH))

    assert not state.is_drained
