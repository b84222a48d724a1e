"""Many load processes drive what one would: the same questions at the same times, and nothing lost with one of them."""

import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from firsttoken.decide.study import study_run
from firsttoken.load.session.stage_run import REASSIGNED
from firsttoken.results.folder import Run, open_run
from firsttoken.row import Row
from tests.command import REAL, ROOT, command, firsttoken, write_scenario
from tests.driven import count_busy, drive, rows_of
from tests.made_run import make_run
from tests.processes import await_gone, await_that, find_child, find_children
from tests.served import fast, serve

CLOSED = """
name = "closed"

[[target]]
model = "gpt-5.4"
simulator = { ttft_s = 0.5, tokens_per_s = 40, slots = 200, jitter = 0, batch_slowdown = 0 }

[traffic]
locustfile = "chat"
input_tokens = 20
output_tokens = 16

[load]
users = [3, 8, 101]
ramp = "0s"
settle = "500ms"
measure = "2s"
hold = "5s"
"""
"""A request takes 0.9 s, however many there are."""

OPEN = CLOSED.replace("users = [3, 8, 101]", "rate = [20]")


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return drive(tmp_path_factory.mktemp("four"), CLOSED, workers=4)


def test_users_asked_for_are_in_flight_also_where_workers_have_unlike_shares(four: Run) -> None:
    rows = rows_of(four.path)

    assert [stage.users for stage in four.stages] == [3, 8, 101]
    for stage in four.stages:
        mine = [row for row in rows if row.stage == stage.stage]
        assert stage.measure_ns is not None and stage.hold_ns is not None
        assert count_busy(mine, stage.measure_ns, stage.hold_ns) == pytest.approx(stage.users, rel=0.02)


def test_every_attempt_that_any_worker_started_has_one_outcome(four: Run) -> None:
    rows = rows_of(four.path)

    assert all(row.outcome is not None for row in rows)
    assert Counter(row.stage for row in rows) == {stage.stage: stage.started for stage in four.stages}
    assert {row.worker for row in rows} == {1, 2, 3, 4}


def test_only_who_has_rows_has_a_journal(four: Run) -> None:
    names = {path.name for path in (four.path / "attempts").iterdir()}

    assert names == {f"worker-{number}.jsonl" for number in (1, 2, 3, 4)}


def test_one_worker_and_four_ask_the_same(four: Run, tmp_path: Path) -> None:
    alone = drive(tmp_path, CLOSED, workers=1, overrides=["load.users=[3, 8]"])

    once = {row.request_id: row.prompt_id for row in rows_of(alone.path)}
    split = {row.request_id: row.prompt_id for row in rows_of(four.path) if row.stage < 2}

    shared = once.keys() & split.keys()
    assert {f"{stage}-{slot}-0" for stage, slots in ((0, 3), (1, 8)) for slot in range(slots)} < shared
    assert all(once[request] == split[request] for request in shared)


def test_one_worker_and_four_send_the_same_arrivals_at_the_same_times(tmp_path: Path) -> None:
    schedules = []
    for workers in (1, 4):
        run = drive(tmp_path, OPEN, workers)
        [stage] = run.stages
        assert stage.dropped == 0 and stage.hold_ns is not None
        rows = [row for row in rows_of(run.path) if row.intended_ns < stage.hold_ns]
        schedules.append({(row.user, row.intended_ns - stage.ramp_ns) for row in rows})

    assert schedules[0] == schedules[1]
    assert len(schedules[0]) > 30


def start(out: Path, scenario: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    words, environment = command("run", scenario, "--out", out, *arguments, **variables)
    return subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def await_rows(out: Path, least: int) -> None:
    await_that(lambda: (out / "attempts").exists() and len(rows_of_running(out)) >= least, f"{least} rows")


def rows_of_running(out: Path) -> list[bytes]:
    """The whole lines so far."""
    return [
        line
        for path in (out / "attempts").glob("*.jsonl")
        for line in path.read_bytes().splitlines(keepends=True)
        if line.endswith(b"\n")
    ]


def test_a_killed_worker_is_noticed_at_once_its_load_goes_to_the_others_and_its_rows_stay(tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(out, write_scenario(tmp_path, CLOSED, users="[8]", measure='"6s"'), "--workers", "4")
    await_rows(out, least=24)
    load = find_child(process.pid, "load.main")
    killed_ns = time.monotonic_ns()
    os.kill(find_children(load, "load.worker")[0], signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=60)

    assert process.returncode == 4, stderr
    assert "WORKER_LOST" in stderr and (stdout + stderr).count("1 load process was lost in this stage") == 1, stderr
    run = open_run(out)
    [stage], rows = run.stages, rows_of(out)
    assert run.manifest.state == "complete"
    assert stage.workers_lost == 1 and stage.hold_ns is not None
    killed_ns -= run.manifest.origin_monotonic_ns
    [victim] = {row.worker for row in rows if row.outcome is None}
    assert killed_ns - max(row.intended_ns for row in rows if row.worker == victim) < 1.9e9  # a request is 0.9 s
    successors = [row for row in rows if int(row.request_id.split("-")[2]) >= REASSIGNED]
    assert 0 < min(row.intended_ns for row in successors) - killed_ns < 1e9
    living = [row for row in rows if row.worker != victim]
    assert count_busy(living, killed_ns + 1_000_000_000, stage.hold_ns) == pytest.approx(8, rel=0.02)


def test_workers_whose_master_is_killed_are_gone_and_what_they_journalled_is_reported(tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(out, write_scenario(tmp_path, CLOSED, users="[8]", measure='"60s"'), "--workers", "2")
    await_rows(out, least=16)
    load = find_child(process.pid, "load.main")
    workers = set(find_children(load, "load.worker"))

    os.kill(load, signal.SIGKILL)

    assert len(workers) == 2
    await_gone(workers, within_s=10)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in stderr
    report = firsttoken("report", out)
    assert report.returncode == 0, report.stderr
    assert len(open_run(out).attempts("worker")["worker"]) == len(rows_of(out)) >= 8


def test_an_interrupt_reaches_every_worker_and_leaves_a_report(tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(out, write_scenario(tmp_path, CLOSED, users="[8]", measure='"60s"'), "--workers", "2")
    await_rows(out, least=16)

    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)

    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert "report.pdf" in stdout
    run = open_run(out)
    assert run.manifest.state == "interrupted"
    assert all(row.outcome is not None for row in rows_of(out))
    assert run.missing == {}


def test_a_budget_holds_across_workers(tmp_path: Path) -> None:
    """10,000 tokens for 4 workers, of which each request takes 36."""
    out = tmp_path / "out"
    with serve({"fast": fast(ttft_s=0.2, tokens_per_s=200, slots=40)}) as served:
        scenario = write_scenario(tmp_path, REAL, base_url=f'"{served.base_url}"', users="[16]", measure='"60s"')
        arguments = ("--workers", "4", "--set", "budget.tokens=10000", "--yes")
        process = start(out, scenario, *arguments, FIRSTTOKEN_TEST_KEY="sk-1")
        _, stderr = process.communicate(timeout=60)

    assert "BUDGET_STOPPED" in stderr
    run, rows = open_run(out), rows_of(out)
    assert run.manifest.budget is not None and run.manifest.state == "complete"
    spent = sum((row.input_tokens or 0) + (row.output_tokens or 0) for row in rows)
    assert 9_000 < spent <= 10_000
    assert all(row.outcome == "length" for row in rows)


@pytest.mark.parametrize("workers", [1, 4, 16])
def test_quantiles_of_many_journals_are_those_of_all_their_rows(tmp_path: Path, workers: int) -> None:
    folder = make_run(tmp_path / "run", targets=["gpt-5.4"], levels=[16])
    [whole] = (folder / "attempts").glob("*.jsonl")
    lines = whole.read_bytes().splitlines(keepends=True)
    whole.unlink()
    for worker in range(workers):  # by request, as a worker journals both lines of an attempt
        mine = [line for line in lines if hash(msgspec.json.decode(line, type=Row).request_id) % workers == worker]
        (folder / "attempts" / f"worker-{worker}.jsonl").write_bytes(b"".join(mine))

    study = study_run(folder)

    rows = [row for row in map(msgspec.json.decode, lines) if row["phase"] == "measure"]
    waits_ms = [
        (row["first_token_ns"] - row["sent_ns"]) / 1e6 for row in rows if row.get("outcome") in ("ok", "length")
    ]
    assert len(waits_ms) > 100
    for q in (0.5, 0.95):
        result = study.result("gpt-5.4", "ttft_ms", level=16, q=q)
        assert result is not None
        assert result.value == np.quantile(waits_ms, q, method="inverted_cdf")
