"""The folder of a run has one run at a time."""

from pathlib import Path

import pytest

from firsttoken.catalogue import Simulated
from firsttoken.process.launch import Child, LaunchError, LoadSpec
from firsttoken.process.run_folder import find_interrupted, hold_folder, open_folder
from firsttoken.scenario.format import Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.target import Target


def plan() -> Scenario:
    traffic = Traffic(locustfile="chat", input_tokens=10, output_tokens=10)
    simulator = Simulated(ttft_s=0.1, tokens_per_s=100)
    target = Target(model="m", name="one", prices="unknown", simulator=simulator)
    return Scenario(name="plan", target=[target], traffic=traffic, load=Load(users=[1]))


def test_a_folder_has_one_run_at_a_time(tmp_path: Path) -> None:
    folder = open_folder(plan(), tmp_path / "run")

    with hold_folder(folder), pytest.raises(LaunchError, match="another `firsttoken run`"), hold_folder(folder):
        pass

    with hold_folder(folder):
        pass


def test_a_folder_is_held_as_long_as_its_load_process_lives(tmp_path: Path) -> None:
    folder = open_folder(plan(), tmp_path / "run")
    with hold_folder(folder) as hold:
        spec = LoadSpec(folder=str(folder), base_urls={"one": "http://127.0.0.1:9/v1"}, command=["test"])
        load = Child("firsttoken.load.main", spec, keeps=[hold])

    with pytest.raises(LaunchError, match="another"), hold_folder(folder):
        pass

    load.stop()
    with hold_folder(folder):
        pass


def test_a_folder_that_cannot_be_locked_is_reported_as_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="expected to lock it"), hold_folder(tmp_path):
        pass


def test_a_run_whose_manifest_is_torn_is_not_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").touch()
    (tmp_path / "manifest.json").write_bytes(b'{"state": "runn')

    with pytest.raises(LaunchError, match=r"--resume .*: expected the manifest of a run in .*, got a damaged one"):
        find_interrupted(tmp_path)


def test_what_is_no_run_folder_is_told_by_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    for name, got in {
        "none": "no such folder",
        "file": "a file",
        ".": "a folder without its manifest.json and scenario.toml",
    }.items():
        with pytest.raises(LaunchError, match=f"expected the folder of a run, got {got};"):
            find_interrupted(tmp_path / name)


@pytest.mark.parametrize("stated", ['"definitions": 0, ', ""])
def test_a_run_of_other_definitions_is_refused_in_a_sentence(stated: str, tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").touch()
    (tmp_path / "manifest.json").write_text(f'{{{stated}"state": "interrupted"}}')

    with pytest.raises(LaunchError, match=r"--resume .*: expected a run begun under the rules of this version \(def"):
        find_interrupted(tmp_path)


def test_a_run_that_came_to_its_end_is_answered_with_how_to_report_it(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").touch()
    (tmp_path / "manifest.json").write_text('{"state": "complete"}')

    with pytest.raises(LaunchError, match=f"is complete; `firsttoken report {tmp_path}` makes its PDF again"):
        find_interrupted(tmp_path)
