"""What a person reads: of a calibration the table, the ceiling and what a scenario needs; of a query its rows; of a run
each stage as it begins, and its summary."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from firsttoken.cli import terminal
from firsttoken.decide.study import study_run
from firsttoken.machine.calibration import Calibration, Need, Peak, Step, conclude
from firsttoken.plan.estimate import RunEstimate, TargetEstimate
from tests.made_loads import make_open_run, make_search_run
from tests.made_run import Client, make_run
from tests.made_stage import Answers

HOST = {"cores": 2}
HELD = Step(
    streams=600, tokens_per_s=40_000.0, error_p50_ms=0.06, error_p99_ms=0.5, hub_lag_p99_ms=1.0, cpu_share=0.6,
    server_late_ms=0.1, server_cpu_share=None, others_cpu_share=None, failed=0, client_limits="",
)  # fmt: skip


def calibrated(*steps: Step) -> Calibration:
    return conclude(steps, HOST, "1.0", "2026-02-14T12:00:00Z")


COUNTS = {"requests": 1200, "attempts": None, "input_tokens": 10, "output_tokens": 20}
STAND_IN = TargetEstimate(
    target="stand-in", simulated=True, stages=(1, 6), minutes=(0.5, 2.0), usd=12.3, unknown="", **COUNTS
)
PAID = TargetEstimate(
    target="paid", simulated=False, stages=None, minutes=(60.0, 3000.0), usd=None, unknown="why", **COUNTS
)
UNBOUNDED = msgspec.structs.replace(PAID, target="unbounded", minutes=(3.0, None), usd=1234.5)
ESTIMATE = RunEstimate(
    scenario="s", targets=[STAND_IN, PAID, UNBOUNDED], minutes=(2.4e8, 2.4e8), usd=1.0, assumes=["It rests on this."],
    **COUNTS,
)  # fmt: skip
FINDING = {
    "target": "m", "usage": None, "openai_package": "ok, first token after 961 ms", "openai_package_ttft_ms": 961.0,
    "remarks": {"usage": "no pace can be measured"},
}  # fmt: skip


def test_the_terminal_as_a_person_reads_it(tmp_path: Path, capsys: pytest.CaptureFixture[str], snapshot: Any) -> None:
    def show(*shown: Any) -> str:
        for call, *arguments in shown:
            call(*arguments)
        return "".join(capsys.readouterr())

    few = msgspec.structs.replace(calibrated(HELD), streams=100, tokens_per_s=6_700.0)
    ceilings = [msgspec.structs.replace(few, limit=limit) for limit in ("server", "client", "others")]
    need = Need(scenario="launch", peak=Peak(2000, None), workers=5)
    broken = msgspec.structs.replace(HELD, failed=3, client_limits="It froze.")
    one = {"targets": ("gpt-5.4",)}
    overloaded = {"levels": (48,)} | one
    runs = {
        "a search": make_search_run(tmp_path / "search", **one),
        "a run at a quota": make_run(tmp_path / "quota", answers=Answers(requests_per_minute=120), **overloaded),
        "a run that dropped arrivals": make_open_run(tmp_path / "open", rates=(14.0,), most_open=30, **one),
        "a run whose client lagged": make_run(tmp_path / "slow", client=Client(hub_lag_ms=99.0), **overloaded),
        "a run with many failures": make_run(tmp_path / "fails", answers=Answers(error_share=0.1), **overloaded),
    }
    told = {
        "a calibration": show((terminal.show_calibration, calibrated(HELD), None)),
        "a calibration for a scenario": show((terminal.show_calibration, calibrated(HELD), need)),
        "calibrations with a limit": show(*((terminal.show_calibration, each, None) for each in ceilings)),
        "a step that did not hold": show((terminal.say_step, broken)),
        "an estimate": show((terminal.show_estimate, ESTIMATE)),
        "a finding of check": show((terminal.show_findings, [FINDING])),
    }
    snapshot("terminal", told | {name: show((terminal.show_study, study_run(run))) for name, run in runs.items()})


def test_a_few_columns_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_rows(["outcome", "n"], [["length", 12], ["tls", 1]])

    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["outcome", "n"], ["length", "12"], ["tls", "1"],
    ]  # fmt: skip


def test_of_many_columns_each_row_is_a_block_with_a_line_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"column_{number}" for number in range(50)]

    terminal.show_rows(names, [list(range(50)), [None] * 50])

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 * 51
    assert lines[0].split() == ["row", "1", "of", "2"]
    assert lines[50].split() == ["column_49", "49"]
    assert lines[52].split() == ["column_0", "-"]


def test_why_a_level_is_void_is_told_once_and_its_flag_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    studied = study_run(make_run(tmp_path / "run", levels=(48,), targets=("gpt-5.4",), client=Client(hub_lag_ms=99.0)))
    evidence = next(flag.evidence for flag in studied.every_flag if flag.name == "CLIENT_LIMITED")

    terminal.show_study(studied)

    shown = capsys.readouterr()
    assert (shown.out + shown.err).count(evidence) == 1
    assert "note: CLIENT_LIMITED (gpt-5.4 at 48 users), see above" in shown.err
