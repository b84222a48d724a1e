"""What a person reads: of a calibration the table, the ceiling and what a scenario needs; of a query its rows; of a run
each stage as it begins, and its summary."""

from pathlib import Path

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


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (None, "at least 100 streams and 6,700 tokens/s within 1 ms; no more was tried."),
        ("server", "at least 100 streams and 6,700 tokens/s within 1 ms: the server was the limit."),
        ("client", "watches 100 streams and 6,700 tokens/s within 1 ms."),
    ],
)
def test_a_ceiling_says_who_set_it(capsys: pytest.CaptureFixture[str], limit: str | None, said: str) -> None:
    found = msgspec.structs.replace(calibrated(HELD), streams=100, tokens_per_s=6_700.0, limit=limit)

    terminal.show_calibration(found, None)

    assert said in capsys.readouterr().out


def test_a_calibration_is_a_table_and_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_calibration(calibrated(HELD), None)

    out = capsys.readouterr().out
    assert "0.50 ms" in out
    assert "60%" in out
    assert "One worker of this machine watches at least 600 streams and 40,000 tokens/s within 1 ms; no more was" in out


def test_what_a_scenario_needs_follows(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show_calibration(calibrated(HELD), Need(scenario="launch", peak=Peak(2000, None), workers=5))

    out = capsys.readouterr().out
    assert "launch: 2,000 streams at its peak: 5 workers, filled to 70% at most." in out
    assert "This machine has 2 cores: --remote brings in others." in out


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


def test_an_estimate_is_a_table_and_what_it_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    counts = {"requests": 1200, "attempts": None, "input_tokens": 10, "output_tokens": 20}
    bounded = TargetEstimate(
        target="stand-in", simulated=True, stages=(1, 6), minutes=(0.5, 2.0), usd=12.3, unknown="", **counts
    )
    unbounded = TargetEstimate(
        target="paid", simulated=False, stages=None, minutes=(3.0, None), usd=None, unknown="why", **counts
    )

    terminal.show_estimate(
        RunEstimate(
            scenario="s",
            targets=[bounded, unbounded],
            minutes=None,
            usd=1234.5,
            assumes=["It rests on this."],
            **counts,
        )
    )

    _, first, second, total, said = capsys.readouterr().out.splitlines()
    assert first.split()[:6] == ["stand-in", "1", "to", "6", "0.5", "to"]
    assert "1,200   unknown" in first
    assert first.endswith("$0 (if it were real: $12.30)")
    assert "3.0 or more" in second
    assert second.endswith("unknown")
    assert total.endswith("$1,234.50")
    assert said == "It rests on this."


def test_the_summary_of_a_search_says_what_an_open_loop_made_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.show_study(study_run(make_search_run(tmp_path / "run", targets=("gpt-5.4",))))

    assert "did. Confirmed in open loop at 5.2 requests/s: 99.6 % (96.6 to 99.9 %) met the SLO." in (
        capsys.readouterr().out
    )


def test_a_quota_that_held_the_load_back_is_said_though_it_voids_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_run(tmp_path / "run", levels=(48,), targets=("gpt-5.4",), answers=Answers(requests_per_minute=120))

    terminal.show_study(study_run(made))

    assert "QUOTA_BOUND (gpt-5.4 at 48 users): The account's quota was the limit" in capsys.readouterr().err


def test_arrivals_that_found_no_place_are_said_though_the_answer_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_open_run(tmp_path / "run", rates=(14.0,), most_open=30, targets=("gpt-5.2-codex",))

    terminal.show_study(study_run(made))

    assert "NOT_DELIVERED (gpt-5.2-codex at 14 requests/s): " in capsys.readouterr().err


def test_why_a_level_is_void_is_told_once_and_its_flag_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    studied = study_run(make_run(tmp_path / "run", levels=(48,), targets=("gpt-5.4",), client=Client(hub_lag_ms=99.0)))
    evidence = next(flag.evidence for flag in studied.every_flag if flag.name == "CLIENT_LIMITED")

    terminal.show_study(studied)

    shown = capsys.readouterr()
    assert (shown.out + shown.err).count(evidence) == 1
    assert "note: CLIENT_LIMITED (gpt-5.4 at 48 users), see above" in shown.err


def test_what_failed_most_often_is_said_beneath_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    studied = study_run(
        make_run(tmp_path / "run", levels=(64,), targets=("gpt-5.4",), answers=Answers(error_share=0.1))
    )

    terminal.show_study(studied)

    [line] = [line for line in capsys.readouterr().out.splitlines() if " attempts failed, most often " in line]
    assert line.endswith(
        f'most often rate_limited 429 on gpt-5.4: "HTTP #: planned" ({studied.failures[0].count} times).'
    )


@pytest.mark.parametrize(
    ("minutes", "said"),
    [((0.5, 2.0), "0.5 to 2.0"), ((60.0, 3000.0), "0.0 to 2.1 days"), ((2.4e8, 2.4e8), "166,666.7 days")],
)
def test_a_long_time_is_told_in_days(
    capsys: pytest.CaptureFixture[str], minutes: tuple[float, float], said: str
) -> None:
    counts = {"requests": 1, "attempts": 1, "input_tokens": 1, "output_tokens": 1}
    terminal.show_estimate(RunEstimate(scenario="s", targets=[], minutes=minutes, usd=1.0, assumes=[], **counts))

    assert said in " ".join(capsys.readouterr().out.split())


def test_a_finding_says_each_thing_once_with_what_follows_from_it(capsys):
    finding = {
        "target": "m",
        "usage": None,
        "openai_package": "ok, first token after 961 ms",
        "openai_package_ttft_ms": 961.0,
        "remarks": {"usage": "no pace can be measured"},
    }

    terminal.show_findings([finding])

    said = capsys.readouterr().out
    assert "usage" in said
    assert "-: no pace can be measured" in said
    assert said.count("961") == 1
