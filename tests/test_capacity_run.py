"""What a capacity run promises, with real processes: no arrival is lost, no slow answer vanishes, no kill costs more
than a second, and an interrupted run can continue.
"""

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from firsttoken.results.folder import Run, open_run
from tests.command import ROOT, assert_ended_well, command, firsttoken, write_scenario
from tests.processes import await_gone, await_that, family_of, find_child

STORMS = int(os.environ.get("FIRSTTOKEN_STORMS", "6"))
"""Runs that are signalled at a random moment, a kind of signal after the other, every other one with two workers."""

FROZEN = """
name = "frozen"

[[target]]
model = "gpt-5.4"
simulator = { ttft_s = 0.1, tokens_per_s = 500, slots = 64, freeze = { at = "12s", lasts = "5s" } }

[traffic]
locustfile = "chat"
input_tokens = 20
output_tokens = 16

[load]
rate = [20]
arrivals = "constant"
ramp = "0s"
settle = "0s"
measure = "30s"
hold = "20s"
"""
"""An open loop of 600 arrivals at a server that stands still for five seconds."""

ENDLESS = """
name = "endless"

[[target]]
model = "gpt-5.4"
simulator = { ttft_s = 0.1, tokens_per_s = 20, slots = 2000, jitter = 0, batch_slowdown = 0 }

[traffic]
locustfile = "chat"
input_tokens = 20
output_tokens = 600

[load]
users = [1, 99, 100, 101, 256, 1001]
ramp = "500ms"
settle = "1s"
measure = "3s"
hold = "0s"
"""
"""Answers of half a minute each, so that whoever asks stays in flight."""

STEADY = """
name = "steady"

[[target]]
model = "gpt-5.4"
simulator = { ttft_s = 0.05, tokens_per_s = 200, slots = 16, queue = 16 }

[traffic]
locustfile = "chat"
input_tokens = 20
output_tokens = 16

[load]
users = [4, 8]
ramp = "0s"
settle = "500ms"
measure = "3s"
hold = "5s"
"""


def count_outcomes(run: Run) -> dict[int, int]:
    """Stage -> its attempts that have an outcome."""
    rows = run.attempts("stage", "outcome")
    assert all(outcome is not None for outcome in rows["outcome"])
    return dict(Counter(int(stage) for stage in rows["stage"]))


def test_a_server_that_freezes_is_felt_by_everybody_who_arrives_meanwhile(tmp_path: Path) -> None:
    process = firsttoken("run", write_scenario(tmp_path, FROZEN), "--out", tmp_path / "run")
    assert process.returncode in (0, 2, 4), process.stderr
    run = open_run(tmp_path / "run")

    rows = run.attempts("intended_ns", "first_token_ns", "user", where="phase = 'measure' AND attempt = 1")
    felt_s = (rows["first_token_ns"] - rows["intended_ns"]) / 1e9

    arrivals = len(rows["user"]) + sum(stage.dropped for stage in run.stages)
    assert arrivals == 600
    assert float(np.nanquantile(felt_s, 0.95)) > 3
    assert len(set(rows["user"])) == len(rows["user"])


def test_as_many_requests_are_in_flight_as_users_were_asked_for(tmp_path: Path) -> None:
    process = firsttoken("run", write_scenario(tmp_path, ENDLESS), "--out", tmp_path / "run", timeout_s=180)
    assert "Traceback" not in process.stderr
    run = open_run(tmp_path / "run")

    for stage in run.stages:
        assert stage.window is not None
        seen = [line.in_flight for line in run.health if stage.window[0] + 1e9 <= line.at_ns <= stage.window[1]]
        assert seen
        assert set(seen) == {stage.users}, f"{stage.users} users"


def test_an_answer_that_outlives_its_window_is_censored_and_not_forgotten(tmp_path: Path) -> None:
    slow = ENDLESS.replace("[1, 99, 100, 101, 256, 1001]", "[4]").replace('measure = "3s"', 'measure = "20s"')
    scenario = write_scenario(tmp_path, slow.replace('hold = "0s"', 'hold = "5s"'), settle='"0s"', ramp='"0s"')
    firsttoken("run", scenario, "--out", tmp_path / "run")
    run = open_run(tmp_path / "run")

    rows = run.attempts("outcome", "first_token_ns", "token_events", where="phase IN ('measure', 'ramp')")
    summary = json.loads((tmp_path / "run" / "summary.json").read_bytes())

    assert list(rows["outcome"]) == ["cancelled_by_run"] * 4
    assert not np.isnan(rows["first_token_ns"]).any()
    assert (rows["token_events"] > 400).all()
    e2e = [each for each in summary if each["metric"] == "e2e_ms" and each["q"] == 0.5 and each["repeat"] is None]
    assert e2e
    assert all("CENSORED" in each["flags"] and each["value"] >= 24_000 for each in e2e)


@pytest.mark.parametrize("storm", range(STORMS))
def test_whatever_ends_a_run_every_attempt_has_an_outcome_and_at_most_a_second_is_lost(storm, tmp_path: Path) -> None:
    draw = random.Random(f"storm-{storm}")
    kind = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)[storm % 3]
    out = tmp_path / "run"
    backend = ("--workers", str(1 + storm % 2))
    words, environment = command("run", write_scenario(tmp_path, STEADY), "--out", out, *backend)
    process = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    await_that(lambda: (out / "stages.jsonl").exists() and (out / "stages.jsonl").stat().st_size > 0, "a stage")
    time.sleep(draw.uniform(0, 6))
    family = family_of(process.pid)
    hits_the_load = kind == signal.SIGKILL and storm // 3 % 2 == 0
    victim = find_child(process.pid, "firsttoken.load.main") if hits_the_load else process.pid
    killed_ns = time.monotonic_ns()
    os.kill(victim, kind)
    process.communicate(timeout=30)
    await_gone(family, 30)

    run = open_run(out)

    counted = count_outcomes(run)
    for stage in run.stages:
        if stage.end_ns is not None:
            assert counted.get(stage.stage, 0) == stage.started
    served = run.sql("SELECT count(*) FROM truth")[1][0][0]
    lines = [json.loads(line) for path in (out / "truth").glob("*.jsonl") for line in path.read_text().splitlines()]
    known = set(run.attempts("server_request_id")["server_request_id"])
    early = [line for line in lines if line["end_ns"] is not None and line["end_ns"] < killed_ns - 1_000_000_000]
    assert served
    assert [line["request_id"] for line in early if line["request_id"] not in known] == []


def test_a_run_that_was_broken_off_goes_on_after_its_last_finished_level(tmp_path: Path) -> None:
    out = tmp_path / "run"
    words, environment = command("run", write_scenario(tmp_path, STEADY), "--out", out)
    process = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    stages = out / "stages.jsonl"
    await_that(lambda: stages.exists() and '"stage":1' in stages.read_text(), "a second stage")
    meanwhile = firsttoken("run", "--resume", out)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert meanwhile.returncode == 1
    assert "another `firsttoken run` is writing to it" in meanwhile.stderr
    before = (out / "attempts" / "worker-0.jsonl").read_bytes()

    again = firsttoken("run", "--resume", out)

    assert_ended_well(again)
    run = open_run(out)
    assert (out / "attempts" / "worker-0.jsonl").read_bytes().startswith(before)
    assert [(stage.stage, stage.level, stage.reason is None) for stage in run.stages] == [
        (0, 4.0, True),
        (1, 8.0, False),
        (2, 8.0, True),
    ]
    assert run.manifest.state == "complete"
    assert run.manifest.resumed == 1
    ids = list(zip(*run.attempts("request_id", "attempt").values(), strict=True))
    assert len(ids) == len(set(ids))
    assert count_outcomes(run) == {stage.stage: stage.started for stage in run.stages}


def test_a_run_that_is_complete_or_none_at_all_is_not_gone_on_with(tmp_path: Path) -> None:
    nothing = firsttoken("run", "--resume", tmp_path)
    (tmp_path / "scenario.toml").write_text(STEADY)
    (tmp_path / "manifest.json").write_text('{"state": "complete"}')
    complete = firsttoken("run", "--resume", tmp_path)
    both = firsttoken("run", "quickstart", "--resume", tmp_path)
    changed = firsttoken("run", "--resume", tmp_path, "--set", "load.users=[1]")
    moved = firsttoken("run", "--resume", tmp_path, "--out", tmp_path / "elsewhere")

    for process, words in (
        (nothing, "the folder of a run"),
        (complete, "expected an interrupted run"),
        (both, "expected a scenario or --resume, got both"),
        (changed, "expected no --set and no --out"),
        (moved, "expected no --set and no --out"),
    ):
        assert process.returncode == 1
        assert words in process.stderr
        assert "Traceback" not in process.stderr
