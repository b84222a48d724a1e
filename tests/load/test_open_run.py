"""What a scenario says of time-outs, connections and limits holds on the wire of the process that drives it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from firsttoken.process import launch, run_folder
from firsttoken.row import Row
from firsttoken.scenario.reading import load_scenario
from tests.command import FAST, REAL, ROOT, command, firsttoken, write_scenario
from tests.wire.test_dial import full_listener

IMPATIENT = """
name = "impatient"

[[target]]
model = "silent"
prices = "unknown"
simulator = { ttft_s = 30, tokens_per_s = 100 }

[[target]]
model = "stalling"
prices = "unknown"
simulator = { ttft_s = 0.1, tokens_per_s = 100, stall_s = 30, faults = { stall = 1.0 } }

[[target]]
model = "endless"
prices = "unknown"
simulator = { ttft_s = 0.1, tokens_per_s = 10 }

[[target]]
model = "calm"
prices = "unknown"
simulator = { ttft_s = 0.1, tokens_per_s = 400 }

[[target]]
model = "parting"
prices = "unknown"
connection = "per_request"
simulator = { ttft_s = 0.1, tokens_per_s = 400 }

[traffic]
locustfile = "chat"
input_tokens = 10
output_tokens = 40

[load]
users = [1]
requests = 2
ramp = "0s"
settle = "0s"
hold = "10s"

[retry]
policy = "none"

[timeouts]
connect = "200ms"
first_token = "400ms"
idle = "300ms"
total = "800ms"
"""
"""Two requests to each of five servers, of which three try the patience of the scenario in one way each."""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """The rows of the impatient scenario by target."""
    scenario = load_scenario(write_scenario(tmp_path_factory.mktemp("scenario"), IMPATIENT))
    folder = run_folder.open_folder(scenario, tmp_path_factory.mktemp("run"))
    simulators = launch.Simulators(scenario, truth=None)
    spec = launch.LoadSpec(folder=str(folder), base_urls=simulators.base_urls, command=["test"])
    load = launch.Child("firsttoken.load.main", spec)
    try:
        assert list(load.events())[-1]["state"] == "complete"
    finally:
        load.stop()
        simulators.stop()
    found = list(read_rows(folder))
    return {target.name: [row for row in found if row.target == target.name] for target in scenario.target}


def read_rows(folder: Path) -> Iterator[Row]:
    for line in (folder / "attempts" / "worker-0.jsonl").read_bytes().splitlines():
        row = msgspec.json.decode(line, type=Row)
        if row.outcome is not None:
            yield row


@pytest.mark.parametrize(
    ("target", "outcome", "words"),
    [
        ("silent", "deadline", "no token within 0.4 s of sending"),
        ("stalling", "idle_timeout", "no event for 0.3 s in the middle of the stream"),
        ("endless", "deadline", "not finished within 0.8 s"),
        ("calm", "length", None),
    ],
)
def test_each_deadline_of_the_scenario_ends_an_attempt_by_its_name(rows, target, outcome, words) -> None:
    assert [(row.outcome, row.error) for row in rows[target]] == [(outcome, words)] * 2


def test_the_deadline_of_a_connection_is_the_scenarios_too(tmp_path: Path) -> None:
    with full_listener() as port:
        scenario = write_scenario(tmp_path, REAL, base_url=f'"http://127.0.0.1:{port}/v1"')
        done = firsttoken(
            "run", scenario, "--set", "timeouts.connect=300ms", "--out", tmp_path / "out", FIRSTTOKEN_TEST_KEY="k"
        )

    assert done.returncode == 1
    assert f"no connection to 127.0.0.1:{port} within 0.3 s" in done.stderr


def test_connections_are_kept_or_given_up_as_the_target_says(rows) -> None:
    assert [row.connection_reused for row in rows["calm"]] == [False, True]
    assert [row.connection_reused for row in rows["parting"]] == [False, False]


def run_limited(tmp_path: Path, limit: str, users: str) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A run under a shell's limit of open files; its folder and how it ended."""
    scenario = write_scenario(
        tmp_path, FAST.replace("slots = 4, queue = 2", "slots = 400"), users=users, measure='"1s"'
    )
    words, environment = command("run", scenario, "--out", tmp_path / "out")
    done = subprocess.run(
        ["bash", "-c", f'ulimit {limit} && exec "$@"', "bash", *words],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return tmp_path / "out", done


def test_a_machine_that_allows_too_few_files_refuses_before_anything_is_written(tmp_path: Path) -> None:
    folder, done = run_limited(tmp_path, "-n 256", "[150]")

    assert done.returncode == 1
    assert "expected a limit of 364 open files" in done.stderr
    assert "got a hard limit of 256" in done.stderr
    assert "ulimit -n 364" in done.stderr
    assert not folder.exists()


def test_a_soft_limit_is_raised_to_what_the_plan_needs(tmp_path: Path) -> None:
    """150 users, each with a connection to both targets, begin under a limit of 128 files."""
    folder, done = run_limited(tmp_path, "-Sn 128", "[150]")

    assert done.returncode in (0, 2, 4), done.stderr
    outcomes = {row.outcome for row in read_rows(folder)}
    assert "length" in outcomes
    assert not outcomes & {"client_error", "connect"}, outcomes
