"""The backend of many processes: whatever the network does, each request is sent once and each row comes once."""

import logging
from collections import Counter
from pathlib import Path

import pytest

from firsttoken import __version__
from firsttoken.decoding.duration import NS
from firsttoken.load.session.gathering import SPAWN_PATIENCE_S
from firsttoken.load.workers.master import FAR_LEAD_NS, LEAD_NS
from firsttoken.load.workers.messages import HealthReport, Refusal, Register, decode_at_worker, encode
from firsttoken.row import Health, StageEvent
from firsttoken.scenario.format import Budget
from tests.load.workers.world import World, stage

HEALTH = Health(
    worker=1,
    at_ns=5,
    in_flight=0,
    users_busy=0,
    hub_lag_p50_ms=0,
    hub_lag_p99_ms=0,
    hub_lag_max_ms=0,
    cpu_share=0.1,
    rss_mb=50,
)
LOSSY = {"delay_s": 0.1, "lost": 0.2}
"""A network that loses every fifth message and doubles every fifth."""


@pytest.mark.parametrize("network", [{}, LOSSY])
def test_a_stage_ends_with_one_row_for_each_request_of_every_worker(tmp_path: Path, network: dict[str, float]) -> None:
    world = World(tmp_path, local=2, **network)

    clock = world.run_stage(stage(users=4))

    rows = world.rows()
    counters = world.backend.collect_counters(clock)
    assert Counter(row.outcome for row in rows if row.phase == "measure").keys() == {"ok"}
    assert len({row.request_id for row in rows}) == len(rows) == counters.issued == counters.started
    assert counters.busy == counters.open_measured == clock.unfinished == 0
    assert {row.user: row.worker for row in rows} == {0: 1, 1: 2, 2: 1, 3: 2}
    world.end_run()
    assert [worker.ended for worker in world.workers] == ["", ""]
    assert world.carrier.has_quit and world.backend.failure is None and world.backend.workers_lost == 0


@pytest.mark.parametrize("network", [{}, LOSSY])
def test_the_rows_of_workers_elsewhere_are_all_here_before_these_leave(
    tmp_path: Path, network: dict[str, float]
) -> None:
    world = World(tmp_path, remote=2, **network)

    clock = world.run_stage(stage(users=4))
    world.end_run()

    assert len(world.rows()) == world.backend.collect_counters(clock).issued > 30
    for worker in world.workers:
        name = f"attempts/worker-{worker.number}.jsonl"
        assert worker.ended == ""
        assert (tmp_path / name).read_bytes() == (worker.folder / name).read_bytes()


def test_stages_follow_each_other_and_no_user_of_an_earlier_one_is_started_anew(tmp_path: Path) -> None:
    world = World(tmp_path, local=2)

    for number, users in enumerate((2, 6)):
        world.run_stage(stage(users=users, measure_s=2, stage=number))
    world.end_run()

    assert world.carrier.spreads == [2, 6]
    assert {(row.stage, row.user) for row in world.rows()} == {(0, 0), (0, 1), *((1, user) for user in range(6))}


def test_a_killed_worker_leaves_its_users_and_slots_to_the_others(tmp_path: Path) -> None:
    world = World(tmp_path, local=3)
    clocks = world.begin(stage(users=6))
    world.drive(clocks, at_most_s=2)

    world.workers[1].kill()
    killed_ns = world.clock.now_ns()
    world.drive(clocks)
    world.end_stages()
    world.end_run()

    assert world.backend.workers_lost == 1
    assert world.carrier.spreads == [6, 6]
    late = [row for row in world.rows() if row.intended_ns > killed_ns + NS]
    assert {row.user for row in late} == set(range(6))
    assert {row.worker for row in late} == {1, 3}
    assert world.backend.failure is None


def test_a_worker_whose_cable_is_pulled_sends_nothing_once_others_have_its_load(tmp_path: Path) -> None:
    world = World(tmp_path, remote=2)
    clocks = world.begin(stage(users=4, measure_s=15))
    world.drive(clocks, at_most_s=2)
    lost = world.workers[1]

    world.network.cuts[lost.client] = pulled_ns = world.clock.now_ns()
    world.drive(clocks, at_most_s=6)
    assert world.backend.workers_lost == 1
    del world.network.cuts[lost.client]
    world.drive(clocks)
    world.end_stages()
    world.end_run()

    mine = {row.intended_ns: row.user for row in world.rows() if row.worker == lost.number}
    taken_over = [
        row.intended_ns for row in world.rows() if row.worker != lost.number and row.user in set(mine.values())
    ]
    assert pulled_ns + 3 * NS < max(mine) < min(taken_over)
    assert lost.ended is not None
    assert len(world.rows()) == len({(row.request_id, row.attempt) for row in world.rows()})


def test_without_any_worker_the_run_fails_with_the_last_one_s_reason(tmp_path: Path) -> None:
    world = World(tmp_path, local=1)
    clocks = world.begin(stage(users=2))
    world.drive(clocks, at_most_s=1)

    world.workers[0].kill()

    assert (
        world.backend.stopping == "all workers were lost, the last one, worker 1: its process ended with exit code -9"
    )
    world.end_stages()
    world.end_run()


def test_a_worker_that_dies_before_it_is_ready_fails_the_run(tmp_path: Path) -> None:
    world = World(tmp_path, local=2)

    world.backend.lose(2, "no such locustfile")

    assert world.gather(stage()) == world.backend.failure == "worker 2: no such locustfile before it was ready"


def test_a_worker_that_leaves_in_order_after_the_run_is_not_lost(tmp_path: Path) -> None:
    world = World(tmp_path, local=2)
    world.run_stage(stage(users=2, measure_s=1))
    world.backend._roster.finish()
    world.workers[0].run.stop("terminated")
    world.clock.let_pass(1.0)

    world.backend.lose(1, "its process ended with exit code 0", in_order=True)
    world.backend.lose(1, "its process ended with exit code 0", in_order=True)

    assert world.backend.workers_lost == 0


def test_users_that_never_come_are_asked_for_again_and_then_fail_the_run(tmp_path: Path) -> None:
    world = World(tmp_path, local=2)
    world.carrier.starts_users = False

    sentence = world.gather(stage(users=4))

    assert sentence is not None and "expected 4 users to be ready, got 0" in sentence
    assert world.clock.now_ns() >= SPAWN_PATIENCE_S * NS
    assert world.carrier.spreads == [4] * 10


def test_a_run_that_is_interrupted_waits_for_no_worker(tmp_path: Path) -> None:
    world = World(tmp_path, local=1, remote=1)
    world.network.cuts["client 1"] = 0

    world.clock.call_later(2.0, lambda: world.session.cancellation.interrupt_run("interrupted"))

    assert world.gather(stage()) == world.backend.stopping == "interrupted"
    assert world.backend.failure is None


def test_a_failure_of_one_worker_is_the_failure_of_the_run_with_its_traceback(tmp_path: Path) -> None:
    world = World(tmp_path, local=2)
    clocks = world.begin(stage())
    world.workers[1].session.cancellation.fail_run("chat.py: KeyError", "Traceback ...")

    world.drive(clocks, at_most_s=1)

    assert world.backend.stopping == world.backend.failure == "worker 2: chat.py: KeyError"
    assert world.backend.traceback == "Traceback ..."
    world.end_stages()


def test_a_budget_holds_over_all_workers(tmp_path: Path) -> None:
    world = World(tmp_path, local=3, budget=Budget(requests=20), **LOSSY)
    clocks = world.begin(stage(users=6, measure_s=60))

    while world.backend.exhausted is None:
        world.drive(clocks, at_most_s=0.5)

    assert world.backend.exhausted == "the budget of 20 requests is used up"
    world.end_stages()
    world.end_run()
    assert len(world.rows()) == 20


def test_a_disk_that_takes_no_more_rows_ends_the_run_and_workers_keep_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, remote=1)
    clocks = world.begin(stage())
    monkeypatch.setattr("firsttoken.load.workers.shipping.Receiver.accept", refuse_rows)

    world.drive(clocks, at_most_s=1)

    assert world.backend.failure is not None
    assert "expected to write the workers' rows, got: No space left on device" in world.backend.failure
    world.end_stages()
    world.end_run()
    assert world.workers[0].ended == ""


def refuse_rows(receiver: object, batch: object) -> int:
    raise OSError(28, "No space left on device")


def test_a_worker_of_another_version_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, local=0, remote=0)
    sent: list[bytes] = []
    world.carrier.send = lambda client, message: sent.append(message)  # type: ignore[method-assign]

    world.backend.on_message("stranger", encode(Register("0.0.1", "host", None)))

    [refusal] = map(decode_at_worker, sent)
    sentence = f"the master is FirstToken {__version__}, this worker 0.0.1: install the same on both"
    assert refusal == Refusal(sentence)


def test_what_is_no_message_or_comes_from_a_stranger_is_ignored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path)
    with caplog.at_level(logging.WARNING):
        world.backend.on_message("stranger", b"\xc1")
    world.backend.on_message("stranger", encode(HealthReport(HEALTH)))

    assert "a message from stranger: expected one of FirstToken" in caplog.text
    world.backend.flush_journal()
    assert not (tmp_path / "health.jsonl").exists()


def test_the_health_of_a_worker_is_journalled_by_its_master(tmp_path: Path) -> None:
    world = World(tmp_path, local=1)
    world.gather(stage())
    world.backend.on_message("client 0", encode(HealthReport(HEALTH)))
    world.backend.journal_event(
        StageEvent(target="a", level=4.0, repeat=0, stage=0, event="ramp", at_ns=5, users=4, started=0)
    )

    assert b'"worker":1' in (tmp_path / "health.jsonl").read_bytes()
    assert (tmp_path / "stages.jsonl").exists()


def test_a_stage_begins_later_where_some_workers_are_elsewhere(tmp_path: Path) -> None:
    assert World(tmp_path / "here", local=1).backend.next_start_ns() == LEAD_NS
    assert World(tmp_path / "there", remote=1).backend.next_start_ns() == FAR_LEAD_NS


def test_workers_are_numbered_on_from_those_of_an_earlier_start(tmp_path: Path) -> None:
    (tmp_path / "attempts").mkdir()
    (tmp_path / "attempts" / "worker-3.jsonl").write_bytes(b"")

    backend = World(tmp_path, local=2).backend

    assert list(backend.numbers) == [4, 5]
    assert (backend.port, backend.clock_error_ns, backend.leaves_cycles(())) == (5557, 0, False)
