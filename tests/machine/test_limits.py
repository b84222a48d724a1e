"""Open files and ports: what a scenario needs is counted, refused, warned of and allowed."""

import json
import resource
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from firsttoken.catalogue import Simulated
from firsttoken.machine import limits
from firsttoken.machine.limits import SPARE_FILES, LimitError, count_files, find_exhausted_ports
from firsttoken.scenario.format import Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.target import Target
from tests.command import ROOT


def scenario(users: int = 1000, targets: int = 1, **target: Any) -> Scenario:
    quick = {"simulator": Simulated(ttft_s=0.5, tokens_per_s=100)} | target
    return Scenario(
        name="plan",
        target=[Target(model="m", name=f"m{number}", prices="unknown", **quick) for number in range(targets)],
        traffic=Traffic(locustfile="chat", input_tokens=10, output_tokens=50),
        load=Load(users=[1, users]),
    )


def test_every_user_keeps_a_connection_to_every_target() -> None:
    assert count_files(scenario(users=300, targets=2)) == 600 + SPARE_FILES


@pytest.mark.parametrize(
    ("load", "files"),
    [
        (Load(rate=[20]), 2 * 600 + SPARE_FILES),
        (Load(rate=[20], max_in_flight=50), 2 * 50 + SPARE_FILES),
        (Load(shape="Waves"), None),
    ],
)
def test_an_open_loop_keeps_a_connection_for_each_request_that_may_be_open(load: Load, files: int | None) -> None:
    plan = msgspec.structs.replace(scenario(targets=2), load=load)

    assert count_files(plan) == files
    limits.check_files(plan)


def test_a_hard_limit_that_is_too_low_is_refused_with_both_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "read_most_files", lambda: 500)

    with pytest.raises(
        LimitError, match=r"expected a limit of 664 open files.* got a hard limit of 500; .*ulimit -n 664"
    ):
        limits.check_files(scenario(users=300, targets=2))
    limits.check_files(scenario(users=400))


def test_no_limit_at_all_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, resource.RLIM_INFINITY))

    assert limits.check_files(scenario(users=1_000_000)) is None


@pytest.mark.parametrize(
    ("soft", "hard", "users", "allowed"),
    [(100, 5000, 300, 300 + SPARE_FILES), (100, 200, 300, 200), (4000, 5000, 300, 4000)],
)
def test_a_process_raises_its_own_limit_as_far_as_needed(soft: int, hard: int, users: int, allowed: int) -> None:
    script = f"""
import resource
from firsttoken.machine import limits
from tests.machine.test_limits import scenario
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
limits.allow_files(scenario(users={users}))
print(list(resource.getrlimit(resource.RLIMIT_NOFILE)))
"""
    said = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert json.loads(said) == [allowed, hard]


def test_this_machine_has_ports_to_hand_out() -> None:
    assert 0 < limits.count_ports() < 65_536


def test_a_connection_for_each_request_is_warned_of_where_ports_run_out() -> None:
    """1,000 users and a cycle of one second open 1,000 connections/s, which rest on 60,000 ports."""
    plan = scenario(connection="per_request")

    (warning,) = find_exhausted_ports(plan, {}, ports=28_232)
    assert "1,000 connections/s" in warning
    assert "60,000 ports, and this machine has 28,232" in warning
    assert "client_error" in warning
    assert list(find_exhausted_ports(plan, {}, ports=60_000)) == []


def test_the_openai_package_opens_a_connection_for_each_stream() -> None:
    (warning,) = find_exhausted_ports(scenario(client="sdk"), {}, ports=28_232)

    assert 'with client = "sdk", the load may open 1,000 connections/s' in warning
    assert 'write client = "wire"' in warning


def test_the_rate_of_an_open_loop_opens_as_many() -> None:
    plan = msgspec.structs.replace(scenario(connection="per_request"), load=Load(rate=[100], turns=5))

    (warning,) = find_exhausted_ports(plan, {}, ports=28_232)
    assert "30,000 ports" in warning


def test_connections_that_are_reused_need_few_ports() -> None:
    assert list(find_exhausted_ports(scenario(), {}, ports=1)) == []


def test_a_target_whose_pace_nobody_publishes_is_not_judged() -> None:
    plan = scenario(connection="per_request", base_url="http://127.0.0.1:1/v1", simulator=Simulated())

    assert list(find_exhausted_ports(plan, {}, ports=1)) == []
