"""What a locustfile hangs on Locust's events is called under `firsttoken run` as under Locust's own command."""

from collections import Counter
from pathlib import Path

import pytest

from firsttoken.results.folder import open_run
from firsttoken.row import SUCCESS
from tests.command import firsttoken, write_scenario

LISTENING = """
from locust import constant, events, task
from firsttoken.locust import StreamingUser

def tell(name):
    @getattr(events, name).add_listener
    def listen(**named):
        print("heard", name, *sorted(named))

for name in ("init", "test_start", "test_stopping", "test_stop", "quitting"):
    tell(name)

@events.request.add_listener
def on_request(request_type, name, response_time, response_length, response, context, exception, start_time, url, **m):
    print("heard request", request_type, name, response.outcome, exception is None, sorted(m))

class Chat(StreamingUser):
    wait_time = constant(0.5)

    @task
    def converse(self):
        self.ask()
"""
ONE = """
name = "one"

[[target]]
model = "gpt-5.4"
simulator = { ttft_s = 0.1, tokens_per_s = 200, slots = 8, queue = 8 }

[traffic]
locustfile = "chat"
input_tokens = 40
output_tokens = 8

[load]
users = [2]
ramp = "0s"
settle = "200ms"
measure = "2s"
hold = "5s"

[slo]
ttft = "2s"
share = 0.5
"""


def write_run(folder: Path, locustfile: str, **replace: str) -> Path:
    """A scenario whose users are those of a locustfile."""
    path = folder / "listening.py"
    path.write_text(locustfile)
    return write_scenario(folder, ONE, locustfile=f'"{path}"', **replace)


def heard(words: str) -> Counter[str]:
    """What listeners printed, and how often."""
    return Counter(line[line.index("heard ") :] for line in words.splitlines() if "heard " in line)


@pytest.mark.parametrize(("workers", "processes"), [("1", 1), ("2", 3)])
def test_every_process_hears_of_the_test_and_a_request_is_heard_once(tmp_path, workers, processes):
    scenario = write_run(tmp_path, LISTENING)

    done = firsttoken("run", scenario, "--out", tmp_path / "out", "--workers", workers)

    said, run = heard(done.stderr), open_run(tmp_path / "out")
    assert run.manifest.state == "complete", done.stderr
    assert "Traceback" not in done.stderr
    assert {name: said.pop(f"heard {name}") for name in ("test_start environment", "test_stopping environment")} == {
        "test_start environment": processes,
        "test_stopping environment": processes,
    }
    assert said.pop("heard test_stop environment") == processes
    assert said.pop("heard init environment runner web_ui") == processes
    assert said.pop("heard quitting environment") == processes
    answered = Counter(outcome for outcome in run.attempts("outcome")["outcome"] if outcome in SUCCESS)
    assert said == {f"heard request STREAM gpt-5.4 {name} True []": times for name, times in answered.items()}


def test_a_listener_that_fails_ends_the_run_with_its_line(tmp_path):
    scenario = write_run(tmp_path, LISTENING.replace('print("heard request"', 'unheard("of"'))

    done = firsttoken("run", scenario, "--out", tmp_path / "out")

    assert done.returncode == 1
    assert f"{tmp_path / 'listening.py'}:15: expected on_request to run without an error, got NameError" in done.stderr


def test_a_locustfile_that_stops_locust_ends_the_run_in_order(tmp_path):
    quits = LISTENING.replace("self.ask()", "self.ask()\n        self.environment.runner.quit()")
    scenario = write_run(tmp_path, quits, measure='"60s"')

    done = firsttoken("run", scenario, "--out", tmp_path / "out")

    run = open_run(tmp_path / "out")
    assert (run.manifest.state, run.manifest.reason) == ("interrupted", "the locustfile stopped Locust"), done.stderr
    assert heard(done.stderr)["heard test_stop environment"] == 1
