"""A run as it is opened and closed, and what its scenario says of time-outs, connections and limits, on the wire."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import msgspec
import pytest

from firsttoken.load.open_run import OpenRun, describe_endpoint
from firsttoken.load.session.controller import Controller
from firsttoken.process import launch, run_folder
from firsttoken.row import Manifest, Row
from firsttoken.scenario.load import Load
from firsttoken.scenario.reading import load_scenario
from firsttoken.scenario.target import Target
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


def open_fast(folder: Path, *changes: str) -> OpenRun:
    """A run of one simulated target, opened in this process; nothing is sent."""
    (folder / "plan.toml").write_text(FAST)
    scenario = load_scenario(folder / "plan.toml", list(changes))
    if not (folder / "run").exists():
        run_folder.open_folder(scenario, folder / "run")
    urls = {target.name: "http://127.0.0.1:9/v1" for target in scenario.target}
    return OpenRun(launch.LoadSpec(folder=str(folder / "run"), base_urls=urls, command=["test"]), environ={})


def manifest_of(folder: Path) -> Manifest:
    return msgspec.json.decode((folder / "run" / "manifest.json").read_bytes(), type=Manifest)


def test_the_manifest_is_there_before_the_first_request_and_says_that_the_run_is_on(tmp_path: Path) -> None:
    run = open_fast(tmp_path)

    manifest = manifest_of(tmp_path)
    assert (manifest.state, manifest.resumed, manifest.command) == ("running", 0, ["test"])
    assert {endpoint["simulated"] for endpoint in manifest.endpoints.values()} == {"yes"}
    assert (tmp_path / "run" / "models.toml").exists()
    assert run.session.clock.now_ns() >= 0


def test_a_run_that_is_resumed_keeps_its_first_start_and_its_clock(tmp_path: Path) -> None:
    first = open_fast(tmp_path)
    first.close()

    again = open_fast(tmp_path)

    assert again.manifest.resumed == 1
    assert again.manifest.started_utc == first.manifest.started_utc
    assert again.manifest.origin_monotonic_ns == first.manifest.origin_monotonic_ns


def test_the_stages_of_a_run_are_ordered_and_the_users_of_the_first_are_wanted(tmp_path: Path) -> None:
    run = open_fast(tmp_path, "load.users=[3,5]")

    stage_order = run.prepare_stages({}, fail_if_called)

    assert stage_order is not None
    assert (stage_order.first_users, run.session.users.wanted) == (3, 3)


def test_a_run_whose_shape_is_nowhere_cannot_begin(tmp_path: Path) -> None:
    run = open_fast(tmp_path)
    run.scenario = msgspec.structs.replace(run.scenario, load=Load(shape="Storm"))

    assert run.prepare_stages({}, fail_if_called) is None
    assert "got Storm" in str(run.session.cancellation.failure)


def test_a_run_that_was_interrupted_before_its_stages_begins_none(tmp_path: Path) -> None:
    run = open_fast(tmp_path)
    run.session.cancellation.interrupt_run("interrupted")

    assert run.prepare_stages({}, fail_if_called) is None


def fail_if_called(sentence: str) -> None:
    raise AssertionError(sentence)


class Ended:
    """A controller whose stages are over."""

    def __init__(self, failure: str | None = None) -> None:
        self.failure, self.traceback = failure, "Traceback" if failure else ""
        self.budget, self.lost_between = "the budget of 5 requests is used up", 2


@pytest.mark.parametrize(
    ("failure", "interrupted", "state"),
    [
        (None, None, "complete"),
        (None, "interrupted", "interrupted"),
        ("It broke.", None, "failed"),
        ("It broke.", "interrupted", "failed"),
    ],
)
def test_the_manifest_says_how_the_run_ended(tmp_path: Path, failure, interrupted, state) -> None:
    run = open_fast(tmp_path)
    if interrupted:
        run.session.cancellation.interrupt_run(interrupted)
    run.record_stages(cast(Controller, Ended(failure)))

    run.close()

    manifest = manifest_of(tmp_path)
    assert (manifest.state, manifest.reason) == (state, interrupted or failure)
    assert (manifest.budget, manifest.workers_lost_between) == ("the budget of 5 requests is used up", 2)
    assert run.session.cancellation.traceback == ("Traceback" if failure else "")


def test_a_manifest_that_cannot_be_written_at_the_end_is_a_failure_of_the_run(tmp_path: Path) -> None:
    run = open_fast(tmp_path)
    (tmp_path / "run" / "manifest.json.draft").mkdir()

    run.close()

    assert str(run.session.cancellation.failure).startswith(str(tmp_path / "run"))


def test_an_endpoint_behind_a_proxy_names_it() -> None:
    target = Target(model="m", name="m", base_url="http://192.0.2.1/v1", proxy="http://192.0.2.2:3128")

    endpoint = describe_endpoint(target, target.base_url, {})

    assert (endpoint["simulated"], endpoint["proxy"]) == ("no", "192.0.2.2:3128")
