"""A worker in one run: it leaves with its rows at the master, or says why not; without its master it leaves soon."""

from pathlib import Path

from firsttoken.decoding.duration import NS
from firsttoken.load.workers.messages import Ack, encode
from firsttoken.load.workers.worker_run import GONE_S
from tests.load.workers.world import RUN_KEY, WorkerProcess, World, stage


def begin_alone(folder: Path) -> tuple[World, WorkerProcess]:
    """A run with one worker of another machine, two seconds into its stage."""
    world = World(folder, remote=1)
    world.drive(world.begin(stage(users=2, measure_s=60)), at_most_s=2)
    return world, world.workers[0]


def pull_cable(world: World, worker: WorkerProcess) -> None:
    world.network.cuts[worker.client] = world.clock.now_ns()


def test_a_worker_without_its_master_stops_sending_first_and_leaves_a_little_later(tmp_path: Path) -> None:
    world, worker = begin_alone(tmp_path)
    pull_cable(world, worker)
    pulled_ns = world.clock.now_ns()

    world.clock.let_pass(GONE_S - 1)
    assert worker.ended is None
    assert worker.session.counters.busy == 0
    world.clock.let_pass(2)

    assert worker.ended == "no message from the master for 8 s: it has ended, or the network is down"
    lines = (worker.folder / "attempts" / "worker-1.jsonl").read_text().splitlines()
    assert f'"intended_ns":{pulled_ns + 5 * NS}' not in "".join(lines)


def test_a_cable_that_is_back_in_time_costs_nothing(tmp_path: Path) -> None:
    world, worker = begin_alone(tmp_path)
    pull_cable(world, worker)
    world.clock.let_pass(2)

    del world.network.cuts[worker.client]
    world.clock.let_pass(20)

    assert worker.ended is None
    assert worker.session.counters.busy == 2
    assert world.backend.workers_lost == 0


def test_a_worker_that_is_stopped_ends_its_streams_and_brings_its_rows_before_it_leaves(tmp_path: Path) -> None:
    world, worker = begin_alone(tmp_path)

    worker.run.stop("terminated")
    worker.run.stop("terminated again")
    assert worker.ended is None
    world.clock.let_pass(2)

    assert worker.ended == ""
    there, here = (folder / "attempts" / "worker-1.jsonl" for folder in (tmp_path, worker.folder))
    assert there.read_bytes() == here.read_bytes() != b""


def test_a_master_that_has_more_rows_than_were_sent_ends_the_worker_with_a_sentence(tmp_path: Path) -> None:
    world, worker = begin_alone(tmp_path)

    worker.on_message("master", encode(Ack(RUN_KEY, 1, 10**9)))
    world.clock.let_pass(0.1)

    assert worker.ended is not None
    assert "this is not the journal that was sent before" in worker.ended


def test_a_message_of_the_handshake_that_is_doubled_changes_nothing(tmp_path: Path) -> None:
    world, worker = begin_alone(tmp_path)

    worker.run.on_message(world.backend._welcome)
    world.clock.let_pass(1)

    assert worker.ended is None
    worker.run.flush()
    assert (worker.folder / "attempts" / "worker-1.jsonl").stat().st_size > 0
