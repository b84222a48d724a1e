"""Plain Locust on our locustfile: the same stages, the same run folder, and Locust's own totals stay true."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from firsttoken.results.folder import open_run
from firsttoken.row import Row
from tests.command import REAL, ROOT, write_scenario
from tests.processes import await_that

CUT_OFF = {"cancelled_by_run", "cancelled_by_user"}


def locust(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "locust", "-f", "locustfiles/chat.py", *map(str, arguments)]


def answered_requests(folder: Path) -> int:
    """Requests that came to an end of their own, by the journal."""
    lines = (folder / "attempts" / "worker-0.jsonl").read_bytes().splitlines()
    last = {row.request_id: row for row in (msgspec.json.decode(line, type=Row) for line in lines)}
    return sum(row.outcome not in CUT_OFF for row in last.values())


def test_headless_locust_writes_the_same_run_folder_and_counts_every_request_once(tmp_path: Path) -> None:
    totals = tmp_path / "totals"
    done = subprocess.run(
        locust(
            "--scenario", write_scenario(tmp_path), "--out", tmp_path / "out",
            "--headless", "--only-summary", "--json-file", totals, "--exit-code-on-error", "0",
        ),
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    run = open_run(tmp_path / "out")
    assert run.manifest.state == "complete"
    assert [stage.level for stage in run.stages] == [1, 1, 8, 8]
    counted = sum(entry["num_requests"] for entry in json.loads(totals.with_suffix(".json").read_text()))
    assert counted == answered_requests(tmp_path / "out") > 20
    assert len(list((tmp_path / "out" / "truth").glob("*.jsonl"))) == 2
    assert not done.stderr.count("note: ")


@pytest.mark.parametrize("name", ["completion", "chain"])
def test_every_behaviour_runs_under_locust_itself(tmp_path: Path, name: str) -> None:
    scenario = write_scenario(tmp_path, locustfile=f'"{name}"')
    words = [sys.executable, "-m", "locust", "-f", f"locustfiles/{name}.py", "--headless", "--only-summary"]
    done = subprocess.run(
        [*words, "--exit-code-on-error", "0", "--scenario", scenario, "--out", tmp_path / "out"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert answered_requests(tmp_path / "out") > 20
    kinds = {"completion": ("completion",), "chain": ("plan", "step")}[name]
    assert all(f"gpt-5.4 {kind} " in done.stdout + done.stderr for kind in kinds)


def test_a_run_time_of_locust_ends_the_run_in_order_and_its_number_of_users_is_said_to_change_nothing(
    tmp_path: Path,
) -> None:
    scenario = write_scenario(tmp_path, measure='"60s"')
    done = subprocess.run(
        locust(
            "--scenario", scenario, "--out", tmp_path / "out", "--headless", "--only-summary",
            "-u", "4", "-r", "2", "-t", "3s", "--exit-code-on-error", "0",
        ),
        cwd=ROOT, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "note: --users 4 and --spawn-rate 2: the scenario's [load] sets how many users run" in done.stderr
    assert "note: --run-time: the run ends after 3 s" in done.stderr
    run = open_run(tmp_path / "out")
    assert (run.manifest.state, run.manifest.reason) == ("interrupted", "--run-time 3 was over")
    assert answered_requests(tmp_path / "out") > 0


def refuse(*arguments: str | Path) -> str:
    """Run a headless Locust that must refuse; what it says."""
    words = [sys.executable, "-m", "locust", *map(str, arguments), "--headless"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == ("AttributeError" in done.stderr)
    return done.stderr


def test_users_other_than_the_scenarios_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text((ROOT / "locustfiles" / "chat.py").read_text())

    words = refuse("-f", other, "--scenario", write_scenario(tmp_path), "--out", tmp_path / "out")

    assert f"-f {other}: expected the locustfile of the scenario, got another; " in words
    assert not (tmp_path / "out").exists()


def test_a_doubtful_plan_gives_a_warning_as_the_command_does(tmp_path: Path) -> None:
    """8 users can never offer 900 requests/s; a --out with content ends it before any load."""
    scenario = write_scenario(tmp_path)
    scenario.write_text(scenario.read_text() + "\n[demand]\nrequests_per_day = 1_000_000\npeak_rps = 900\n")

    words = refuse("-f", "locustfiles/chat.py", "--scenario", scenario, "--out", tmp_path)

    assert "note: gpt-5.2-codex: your demand needs" in words
    assert "got one with content" in words


def test_a_scenario_that_is_none_is_refused_with_the_sentence() -> None:
    assert 'did you mean "quickstart"?' in refuse("-f", "locustfiles/chat.py", "--scenario", "quikstart")


def test_a_dear_run_is_not_begun_where_nobody_agreed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTTOKEN_TEST_KEY", "sk-1")
    dear = REAL.replace('prices = "unknown"', "price = { input = 3000.0, output = 9000.0 }")

    words = refuse("-f", "locustfiles/chat.py", "--scenario", write_scenario(tmp_path, dear), "--out", tmp_path / "out")

    assert "There is no terminal to ask in: add --yes" in words
    assert not (tmp_path / "out").exists()


def test_an_exception_ends_it_with_its_sentence_beside_users_of_another_class(tmp_path: Path) -> None:
    locustfile = tmp_path / "mixed.py"
    locustfile.write_text(
        "from locust import HttpUser, constant, task\nfrom firsttoken.locust import StreamingUser\n\n"
        "class Health(HttpUser):\n    host = 'http://127.0.0.1:9'\n    wait_time = constant(0.2)\n"
        "    @task\n    def look(self):\n        self.client.get('/health')\n\n"
        "class Chat(StreamingUser):\n    @task\n    def converse(self):\n"
        "        row = self.ask().row\n"
        "        if row.level == 8 and self.environment.runner.user_count == 16:\n            self.nothing()\n"
    )
    scenario = write_scenario(tmp_path, locustfile=f'"{locustfile}"')

    words = refuse("-f", locustfile, "--scenario", scenario, "--out", tmp_path / "out")

    assert f"firsttoken: {locustfile}:16: expected Chat.converse to run without an error, got AttributeError" in words
    run = open_run(tmp_path / "out")
    assert (run.manifest.state, run.manifest.others) == ("failed", {"Health": 8})
    assert {stage.level for stage in run.stages} == {1, 8}


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(url: str, form: bytes | None = None) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, data=form), timeout=5) as answer:
        return answer.read()


def await_state(url: str, state: str, within_s: float) -> None:
    await_that(lambda: json.loads(ask(f"{url}/stats/requests"))["state"] == state, state, within_s)


def test_under_the_web_ui_a_press_of_start_is_a_run_and_stop_ends_it_in_order(tmp_path: Path) -> None:
    port = find_free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = ("--scenario", write_scenario(tmp_path, measure='"60s"'), "--out", tmp_path / "out")
    process = subprocess.Popen(
        locust(*arguments, "--web-host", "127.0.0.1", "--web-port", str(port)),
        cwd=ROOT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        await_that(lambda: is_listening(port), "the web UI is up")
        page = ask(url).decode()
        ask(f"{url}/swarm", b"user_count=1&spawn_rate=1")
        await_state(url, "running", 30)
        time.sleep(2)
        with ThreadPoolExecutor(2) as fingers:  # Locust stops a run twice where its shape ends beside a press of Stop
            list(fingers.map(lambda _: ask(f"{url}/stop", b""), range(2)))
        await_state(url, "stopped", 30)
    finally:
        process.terminate()
        _, words = process.communicate(timeout=30)

    assert '"host": "gpt-5.2-codex (simulated), gpt-5.4 (simulated)"' in page
    run = open_run(tmp_path / "out")
    assert run.manifest.state == "interrupted", words
    assert "Traceback" not in words
    assert answered_requests(tmp_path / "out") > 0
