"""Workers on machines of their own: late messages and cut cables lose no row and double none."""

import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Timer

import msgspec
import pytest

from firsttoken.load.session.stage_run import REASSIGNED
from firsttoken.load.workers.spool import SpoolFolder
from firsttoken.results.folder import open_run
from firsttoken.row import Row
from tests.command import REAL, ROOT, command, write_scenario
from tests.netns import Machine, Network, end, network, read_truths
from tests.processes import await_that

KEY = {"FIRSTTOKEN_TEST_KEY": "sk-1"}
DELAY_MS = 40


@pytest.fixture
def machines() -> Iterator[Network]:
    with network(workers=2) as made:
        yield made


class Evening:
    """A run with two remote workers: the first behind a long cable, the second behind one that is pulled."""

    def __init__(self, machines: Network, folder: Path, base_url: str, ending: ExitStack, measure: str) -> None:
        self.folder, self.out = folder, folder / "out"
        self.spools = [folder / f"spool-{number}" for number in (1, 2)]
        scenario = write_scenario(folder, REAL, base_url=f'"{base_url}"', users="[4]", measure=f'"{measure}"')
        backend = ("--workers", "0", "--remote", "2", "--bind", "0.0.0.0:5557", "--yes")
        self.master = machines.master.start("-m", "firsttoken", "run", scenario, "--out", self.out, *backend, **KEY)
        delay = machines.workers[0].start("-m", "tests.delay", "5557", "10.97.1.1", "5557", str(DELAY_MS))
        self.workers = [
            self.work(machine, master, spool)
            for machine, master, spool in zip(machines.workers, ("127.0.0.1", "10.97.2.1"), self.spools, strict=True)
        ]
        for process in (self.master, delay, *self.workers):
            ending.callback(end, process)

    @staticmethod
    def work(machine: Machine, master: str, spool: Path) -> subprocess.Popen[str]:
        return machine.start("-m", "firsttoken", "worker", "--master", master, "--spool", spool, **KEY)

    def await_rows(self, least: int) -> None:
        await_that(lambda: len(self.rows()) >= least or self.master.poll() is not None, f"{least} rows")
        assert self.master.poll() is None

    def rows(self) -> list[Row]:
        """The rows that the master has: every line but a torn one."""
        lines = [
            line for path in self.out.glob("attempts/*.jsonl") for line in path.read_bytes().splitlines(keepends=True)
        ]
        return [msgspec.json.decode(line, type=Row) for line in lines if line.endswith(b"\n")]


def read_clock_errors(said: list[str]) -> dict[int, float]:
    """Worker -> the error of its clock in ms, as it says when it has joined."""
    found = [re.search(r"worker (\d+) of out; clocks agree within ([0-9.e+-]+) ms", words) for words in said]
    assert all(found), said
    return {int(match[1]): float(match[2]) for match in found if match}


def test_late_messages_and_a_cut_of_three_seconds_lose_nothing_and_double_nothing(
    machines: Network, tmp_path: Path
) -> None:
    with ExitStack() as ending:
        url = ending.enter_context(machines.serve_everywhere(tmp_path))
        evening = Evening(machines, tmp_path, url, ending, measure="8s")
        evening.await_rows(least=24)
        machines.plug(2, "down")
        cut_ns = time.monotonic_ns()
        time.sleep(3)
        back_ns = time.monotonic_ns()
        machines.plug(2, "up")
        _, said = evening.master.communicate(timeout=60)
        errors_ms = read_clock_errors([worker.communicate(timeout=20)[1] for worker in evening.workers])

    assert "WORKER_LOST" not in said, said
    run, rows = open_run(evening.out), evening.rows()
    assert run.manifest.state == "complete"
    assert run.missing == {}
    assert set(Counter((row.request_id, row.attempt) for row in rows).values()) == {2}, "a start line and an end line"
    origin_ns = run.manifest.origin_monotonic_ns
    assert {row.worker for row in rows if cut_ns < row.intended_ns + origin_ns < back_ns} == {1, 2}
    assert [list(spool.iterdir()) for spool in evening.spools] == [[], []], "what the master has is kept no longer"
    near_ms, far_ms = sorted(errors_ms.values())
    assert near_ms < DELAY_MS * 0.9 < far_ms
    assert run.manifest.clock_error_ms == pytest.approx(far_ms, rel=0.05)
    arrived_ns = {request: truth["arrival_ns"] - origin_ns for request, truth in read_truths(tmp_path).items()}
    for row in rows:  # the machines have one clock in truth, so what a worker says may be off by its error at most
        if row.server_request_id is not None and row.sent_ns is not None:
            assert arrived_ns[row.server_request_id] - row.sent_ns > -errors_ms[row.worker] * 1e6


def test_after_a_cut_of_twelve_seconds_the_worker_is_gone_and_its_next_start_brings_the_rows(
    machines: Network, tmp_path: Path
) -> None:
    with ExitStack() as ending:
        url = ending.enter_context(machines.serve_everywhere(tmp_path))
        evening = Evening(machines, tmp_path, url, ending, measure="18s")
        evening.await_rows(least=24)
        machines.plug(2, "down")
        cut_s = time.monotonic()
        _, said_by_lost = evening.workers[1].communicate(timeout=12)
        gone_s = time.monotonic() - cut_s
        time.sleep(max(0.0, 12 - gone_s))
        [journal] = evening.spools[1].glob("*/attempts/*.jsonl")
        spooled = journal.read_bytes()
        machines.plug(2, "up")
        back = evening.work(machines.workers[1], "10.97.2.1", evening.spools[1])
        ending.callback(end, back)
        said_by_returned = read_line(back, "left from before")
        _, said = evening.master.communicate(timeout=60)

    assert evening.master.returncode == 4 and "WORKER_LOST" in said, said
    assert gone_s < 10
    assert "no message from the master for 8 s" in said_by_lost
    assert f"are here, in {journal}: copy that file to RUN/attempts/{journal.name}" in said_by_lost
    assert "left from before are with its master" in said_by_returned
    assert (evening.out / "attempts" / journal.name).read_bytes() == spooled
    assert not journal.exists()
    rows = evening.rows()
    assert set(Counter((row.request_id, row.attempt) for row in rows).values()) == {2}, "a start line and an end line"
    [stage] = open_run(evening.out).stages
    assert stage.workers_lost == 1 and stage.hold_ns is not None
    origin_ns = open_run(evening.out).manifest.origin_monotonic_ns
    inherited = [row for row in rows if int(row.request_id.rpartition("-")[2]) >= REASSIGNED]
    assert min(row.intended_ns for row in inherited) + origin_ns < cut_s * 1e9 + 7e9, "Locust's heartbeats tell in 6 s"
    [lost] = {row.worker for row in rows if f"worker-{row.worker}.jsonl" == journal.name}
    assert max(row.intended_ns for row in rows if row.worker == lost) < stage.hold_ns - 5_000_000_000
    assert max(row.intended_ns for row in rows if row.worker != lost) > stage.hold_ns - 1_000_000_000


def read_line(process: subprocess.Popen[str], words: str, within_s: float = 60) -> str:
    """The first line on stderr that holds these words; "" where the process ends, or is ended, without saying them."""
    assert process.stderr
    ending = Timer(within_s, process.kill)
    ending.start()
    try:
        return next((line for line in process.stderr if words in line), "")
    finally:
        ending.cancel()


def test_a_worker_that_comes_back_after_the_run_says_where_its_rows_lie_and_how_to_add_them(tmp_path: Path) -> None:
    spools = SpoolFolder(tmp_path)
    spool = spools.open("evening", "0123456789abcdef", 2)
    spool.journal.parent.mkdir()
    spool.journal.write_bytes(b"{}\n")
    spools.release()
    words, environment = command("worker", "--master", "127.0.0.1:9", "--spool", tmp_path)
    process = subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr

    said = read_line(process, "are here")
    process.send_signal(signal.SIGINT)

    assert said.endswith(f"{spool.describe()}\n")
    assert process.wait(timeout=10) == 130
    assert spool.journal.read_bytes() == b"{}\n"
    process.stderr.close()
