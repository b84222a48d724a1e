"""What keeps a run from starting, and what is said before it starts."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from firsttoken.catalogue import Simulated
from firsttoken.kit import KitError
from firsttoken.machine import limits
from firsttoken.machine.calibration import Step, conclude, find_path, write_calibration
from firsttoken.machine.host import describe_host
from firsttoken.machine.limits import LimitError
from firsttoken.machine.readiness import UsageError, check_reach, check_ready, find_plan_warnings
from firsttoken.scenario.format import Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.reading import find_scenario, load_scenario
from firsttoken.scenario.target import Target
from firsttoken.scenario.values import ScenarioError

HELD = Step(
    streams=600, tokens_per_s=40_000.0, error_p50_ms=0.1, error_p99_ms=0.5, hub_lag_p99_ms=1.0, cpu_share=0.6,
    server_late_ms=0.1, server_cpu_share=0.5, others_cpu_share=0.0, failed=0, client_limits="",
)  # fmt: skip
BROKEN = msgspec.structs.replace(HELD, streams=1200, error_p99_ms=2.0)


def plan(users: int, locustfile: str = "chat", **target: Any) -> Scenario:
    quick = {"simulator": Simulated(ttft_s=0.5, tokens_per_s=100)} | target
    return Scenario(
        name="plan",
        target=[Target(model="m", name="m", prices="unknown", **quick)],
        traffic=Traffic(locustfile=locustfile, input_tokens=10, output_tokens=50),
        load=Load(users=[users]),
    )


@pytest.fixture
def calibrated(tmp_path: Path) -> dict[str, str]:
    """An environment in which this machine was calibrated for 600 streams."""
    environ = {"XDG_CACHE_HOME": str(tmp_path)}
    record = conclude([HELD, BROKEN, BROKEN], describe_host(), "1.0", "2026-02-14T12:00:00Z")
    write_calibration(find_path(environ), record)
    return environ


def test_a_plan_that_can_start_is_not_refused() -> None:
    assert check_ready(plan(8), {}) is None


def test_a_key_a_locustfile_and_open_files_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ScenarioError, match="NO_SUCH_KEY"):
        check_ready(plan(8, key_env="NO_SUCH_KEY"), {})
    with pytest.raises(KitError, match="locustfiles/"):
        check_ready(plan(8, locustfile="nobody"), {})
    monkeypatch.setattr(limits, "read_most_files", lambda: 100)
    with pytest.raises(LimitError, match="ulimit -n"):
        check_ready(plan(80), {})


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"x = 1\ndef broken(:\n", r"odd\.py:2: expected a locustfile, got SyntaxError: "),
        (b"return 1\n", r"odd\.py:1: .* 'return' outside function; fix it"),
        (b"x = 1\0\n", "null bytes"),
    ],
)
def test_a_locustfile_that_is_no_python_is_refused_before_a_process_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: bytes, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "locustfiles").mkdir()
    (tmp_path / "locustfiles" / "odd.py").write_bytes(source)

    with pytest.raises(UsageError, match=words):
        check_ready(plan(8, locustfile="odd"), {})


def test_a_trace_must_be_there_although_its_lengths_are_known() -> None:
    traced = msgspec.structs.replace(plan(8).traffic, trace="nowhere.csv")

    with pytest.raises(ScenarioError, match=r"^traffic\.trace: nowhere\.csv"):
        check_ready(msgspec.structs.replace(plan(8), traffic=traced, load=Load()), {})


def test_the_first_demo_gives_no_warning_on_a_new_machine(tmp_path: Path) -> None:
    quickstart = load_scenario(find_scenario("quickstart"))

    assert list(find_plan_warnings(quickstart, {"XDG_CACHE_HOME": str(tmp_path)})) == []


def test_a_large_plan_on_a_new_machine_is_told_to_calibrate(tmp_path: Path) -> None:
    (warning,) = find_plan_warnings(plan(2000), {"XDG_CACHE_HOME": str(tmp_path)})

    assert "run `firsttoken calibrate`" in warning


def test_a_plan_is_held_against_the_calibration_of_this_machine(calibrated: dict[str, str]) -> None:
    assert list(find_plan_warnings(plan(400), calibrated)) == []
    (warning,) = find_plan_warnings(plan(2000), calibrated)
    assert "calibrated for 600 streams" in warning


def test_ports_that_run_out_give_a_warning(calibrated: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "count_ports", lambda: 1000)

    (warning,) = find_plan_warnings(plan(100, connection="per_request"), calibrated)

    assert "6,000 ports, and this machine has 1,000" in warning


def test_a_damaged_calibration_is_said_and_stops_nobody(calibrated: dict[str, str]) -> None:
    find_path(calibrated).write_text("{")

    (warning,) = find_plan_warnings(plan(8), calibrated)

    assert "calibration.json" in warning


def test_workers_of_other_machines_need_targets_that_they_can_reach() -> None:
    with pytest.raises(UsageError, match=r"^--remote: expected targets that other machines reach, m would"):
        check_reach(plan(8))
    check_reach(plan(8, base_url="http://10.0.0.5:8000/v1", simulator=Simulated()))
