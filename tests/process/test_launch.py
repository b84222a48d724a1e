"""The processes of a run: they start, say why they cannot, and are gone at once in the normal end."""

from pathlib import Path

import pytest

from firsttoken.catalogue import Simulated
from firsttoken.process import launch
from firsttoken.process.launch import (
    Child,
    LaunchError,
    LoadSpec,
    Simulators,
    await_ready,
    describe_simulated,
    find_spool,
    name_truth,
    start_simulator,
)
from firsttoken.scenario.format import Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.target import Target


def simulated(name: str) -> Target:
    return Target(model=name, name=name, prices="unknown", simulator=Simulated(ttft_s=0.1, tokens_per_s=100))


def plan(*names: str) -> Scenario:
    traffic = Traffic(locustfile="chat", input_tokens=10, output_tokens=10)
    return Scenario(name="plan", target=[simulated(name) for name in names], traffic=traffic, load=Load(users=[1]))


class RecordedSimulator:
    """Stands in for a simulator process: it is ready at once and writes down what is done to it."""

    def __init__(self, models: list[dict[str, object]], log: list[tuple[str, object]]) -> None:
        self.name, self.log, self.process, self.stdout = models[0]["name"], log, self, [b"READY http://127.0.0.1:1\n"]

    def terminate(self) -> None:
        self.log.append(("terminate", self.name))

    def stop(self) -> None:
        self.log.append(("wait", self.name))


def test_simulators_are_stopped_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[tuple[str, object]] = []
    monkeypatch.setattr(launch, "Simulator", lambda models, **_keys: RecordedSimulator(models, log))
    simulators = launch.Simulators(plan("one", "two"), truth=None)

    simulators.stop()

    assert log == [("terminate", "one"), ("terminate", "two"), ("wait", "one"), ("wait", "two")]


@pytest.mark.parametrize("name", ["openai/gpt-oss-20b", "../../../evil", "..", "a:b@c+d"])
def test_whatever_a_target_is_called_its_truth_stays_in_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "truth"

    Simulators(plan(name), truth=folder).stop()

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [folder / name_truth(simulated(name))]
    assert len(list(folder.glob("*.jsonl"))) == 1


def test_two_targets_never_share_a_truth() -> None:
    assert len({name_truth(simulated(name)) for name in ("a/b", "a:b", "a.b", "a-b", "ab")}) == 5
    assert name_truth(simulated("gpt-5.4")) == "gpt-5.4.jsonl"


def test_a_simulator_that_cannot_serve_says_why_in_one_sentence() -> None:
    child = start_simulator([describe_simulated(simulated("m"))], seed=7, truth="no/such/folder/truth.jsonl")

    with pytest.raises(
        LaunchError, match=r"^--truth no/such/folder/truth\.jsonl: expected a file to write to, got: .*;"
    ):
        await_ready(child)
    child.stop()


def test_a_spool_lies_with_the_users_state() -> None:
    assert find_spool({"XDG_STATE_HOME": "state"}) == Path("state/firsttoken/spool")
    assert find_spool({}) == Path.home() / ".local" / "state" / "firsttoken" / "spool"


ECHO = """
import json, sys
spec = json.loads(sys.stdin.readline())
print(json.dumps({"event": "said", "sentence": spec["folder"]}), flush=True)
print(json.dumps({"event": "end", "state": sys.stdin.readline().strip()}), flush=True)
"""


def test_a_child_reads_its_specification_reports_events_and_hears_that_it_should_stop(tmp_path, monkeypatch) -> None:
    (tmp_path / "echo_child.py").write_text(ECHO)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    child = Child("echo_child", LoadSpec(folder="runs/one", base_urls={}, command=["test"]))
    events = child.events()

    assert next(events) == {"event": "said", "sentence": "runs/one"}
    child.finish_early()
    assert list(events) == [{"event": "end", "state": "stop"}]
    child.process.wait()
    child.finish_early()  # it has left, and cannot be told anything
    child.stop()
