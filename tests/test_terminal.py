"""What a person reads: of a calibration the table, the ceiling and what a scenario needs; of a query its rows."""

import msgspec
import pytest

from firsttoken import terminal
from firsttoken.calibration import Calibration, Need, Peak, Step, conclude

HOST = {"cores": 2}
HELD = Step(
    streams=600, tokens_per_s=40_000.0, error_p50_ms=0.06, error_p99_ms=0.5, hub_lag_p99_ms=1.0, cpu_share=0.6,
    server_late_ms=0.1, server_cpu_share=None, others_cpu_share=None, failed=0, client_limits="",
)  # fmt: skip


def calibrated(*steps: Step) -> Calibration:
    return conclude(steps, HOST, "1.0", "2026-02-14T12:00:00Z")


def test_a_calibration_is_a_table_and_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_calibration(calibrated(HELD), None)

    out = capsys.readouterr().out
    assert "0.50 ms" in out
    assert "60%" in out
    assert "One worker of this machine watches at least 600 streams and 40,000 tokens/s within 1 ms; no more was" in out


def test_what_a_scenario_needs_follows(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_calibration(calibrated(HELD), Need(scenario="launch", peak=Peak(2000, None), workers=5))

    assert "launch: 2,000 streams at its peak: 5 workers, filled to 70% at most." in capsys.readouterr().out


def test_a_step_says_why_it_did_not_hold(capsys: pytest.CaptureFixture[str]) -> None:
    broken = msgspec.structs.replace(HELD, failed=3, client_limits="It froze.")

    terminal.say_step(broken)

    assert "600 streams: TTFT off by 0.50 ms at p99, not held, 3 requests failed. It froze." in capsys.readouterr().err


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
