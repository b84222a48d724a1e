"""Every kind of load, driven for some seconds with real processes: what was asked for is what the server was asked."""

from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from firsttoken.decide.study import Study, study_run
from firsttoken.results.folder import Run
from firsttoken.results.stage import Stage
from firsttoken.row import HELD_BACK, Row
from tests.driven import count_busy, drive, rows_of
from tests.served import fast, serve

NS = 1_000_000_000

PLAN = """
name = "kinds"

[[target]]
model = "one"
prices = "unknown"
simulator = {{ ttft_s = 0.1, tokens_per_s = 400, slots = {slots}, queue = 1000, batch_slowdown = 0, jitter = 0.05 }}

[traffic]
locustfile = "chat"
input_tokens = 20
output_tokens = 20

[load]
ramp = "0s"
settle = "500ms"
hold = "10s"
{load}

[slo]
ttft = "150ms"
share = 0.8
"""
"""A request takes 150 ms where a slot is free."""


def plan(load: str, slots: int = 64) -> str:
    return PLAN.format(slots=slots, load=load)


def the_stage(run: Run) -> Stage:
    [stage] = run.stages
    return stage


def window_of(stage: Stage) -> tuple[int, int]:
    assert stage.window is not None
    return stage.window


def mean_load(rows: list[Row], stage: Stage, from_s: float, to_s: float) -> float:
    """Requests open on average in a part of the measure window."""
    opens, _ = window_of(stage)
    return count_busy(rows, opens + round(from_s * NS), opens + round(to_s * NS))


def arrivals_in(rows: list[Row], stage: Stage, from_s: float, to_s: float) -> int:
    opens, _ = window_of(stage)
    return sum(opens + from_s * NS <= row.intended_ns < opens + to_s * NS for row in rows if row.attempt == 1)


# -- a course over time -----------------------------------------------------------------------------------------------


def test_a_spike_of_users_comes_and_goes_as_it_was_asked_for(tmp_path: Path) -> None:
    spike = 'shape = "spike"\nspike = { by = "users", base = 2, peak = 12, before = "3s", lasts = "2s", after = "3s" }'
    run = drive(tmp_path, plan(spike))
    rows, stage = rows_of(run.path), the_stage(run)

    assert mean_load(rows, stage, 0.5, 3) == pytest.approx(2, rel=0.1)
    assert mean_load(rows, stage, 3.5, 5) == pytest.approx(12, rel=0.1)
    assert mean_load(rows, stage, 5.5, 8) == pytest.approx(2, rel=0.1)


def test_the_recovery_from_a_spike_that_filled_the_queue_is_measured(tmp_path: Path) -> None:
    """Four slots carry 26 a second; 100 come in two seconds, and the queue takes as long again to empty."""
    spike = 'spike = { by = "rate", base = 10, peak = 50, before = "12s", lasts = "2s", after = "12s" }'
    run = drive(tmp_path, plan(f'arrivals = "constant"\nmax_in_flight = 500\nshape = "spike"\n{spike}', slots=4))
    study = study_run(run.path)
    rows, stage = rows_of(run.path), the_stage(run)

    assert [arrivals_in(rows, stage, *span) for span in ((0, 12), (12, 14), (14, 26))] == [120, 100, 120]
    [recovery] = study.recoveries["one"]
    assert recovery.took_s is not None and 0.5 <= recovery.took_s < 11
    study.run.close()


def test_a_shape_of_the_locustfile_is_driven_as_locust_would(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locustfiles").mkdir()
    (tmp_path / "locustfiles" / "waves.py").write_text(WAVES)
    monkeypatch.chdir(tmp_path)

    run = drive(tmp_path, plan('shape = "Waves"').replace('locustfile = "chat"', 'locustfile = "waves"'))

    rows, stage = rows_of(run.path), the_stage(run)
    assert window_of(stage)[1] - window_of(stage)[0] == 6 * NS
    assert mean_load(rows, stage, 0.5, 3) == pytest.approx(3, rel=0.1)
    assert mean_load(rows, stage, 3.5, 6) == pytest.approx(9, rel=0.1)


WAVES = '''
"""A user who chats, in two steps."""

from locust import LoadTestShape, task

from firsttoken.locust import StreamingUser


class Chat(StreamingUser):
    @task
    def converse(self):
        self.ask()


class Waves(LoadTestShape):
    def tick(self):
        now = self.get_run_time()
        return (3 if now < 3 else 9, 100) if now < 6 else None
'''


# -- what ends a level, and what level comes next ---------------------------------------------------------------------


def test_a_level_is_measured_until_its_result_is_known_and_no_longer(tmp_path: Path) -> None:
    until = 'users = [4]\nuntil = { metric = "ttft_p50", within = 0.1, least = "2s", most = "60s" }'
    run = drive(tmp_path, plan(until))
    study = study_run(run.path)

    lasted_s = (window_of(the_stage(run))[1] - window_of(the_stage(run))[0]) / NS
    result = study.result("one", "ttft_ms", 4.0, q=0.5)
    assert 2 <= lasted_s < 30
    assert result and result.value and result.lo and result.hi
    assert (result.hi - result.lo) / 2 <= 0.12 * result.value
    study.run.close()


def test_an_automatic_window_is_long_enough_to_tell_whether_the_slo_is_met(tmp_path: Path) -> None:
    run = drive(tmp_path, plan("users = [4]").replace('settle = "500ms"', 'settle = "500ms"\nmeasure = "auto"'))
    study = study_run(run.path)

    assert 15 <= (window_of(the_stage(run))[1] - window_of(the_stage(run))[0]) / NS < 30
    assert [verdict.verdict for verdict in study.target_verdicts["one"].levels] == ["PASS"]
    study.run.close()


def test_a_search_finds_the_slots_and_confirms_them_in_open_loop(tmp_path: Path) -> None:
    """Six are served at once, and beyond that a user waits for another one's whole answer."""
    search = 'search = { by = "users", from = 2, to = 14, steps = 3 }\nmeasure = "15s"\nmax_in_flight = 100'
    run = drive(tmp_path, plan(search, slots=6))
    study = study_run(run.path)

    assert {stage.level for stage in run.stages if not stage.confirms} <= {2, 6, 10, 14}
    assert [stage.by for stage in run.stages if stage.confirms] == ["rate"]
    assert study.decisions["one"].highest_met == 6
    study.run.close()


# -- arrivals ---------------------------------------------------------------------------------------------------------


def test_a_trace_is_replayed_at_the_instants_of_its_rows(tmp_path: Path) -> None:
    """Half a second between rows, at twice the speed; each as long as recorded."""
    rows = [f"2023-11-16 18:15:{number // 2:02d}.{5 * (number % 2)}000000,{30 + number},{5 + number % 3}\r\n"
            for number in range(24)]  # fmt: skip
    (tmp_path / "trace.csv").write_bytes(("TIMESTAMP,ContextTokens,GeneratedTokens\r\n" + "".join(rows)).encode())
    lengths = "input_tokens = 20\noutput_tokens = 20"
    scenario = plan("").replace(lengths, f'trace = "{tmp_path / "trace.csv"}"\ntrace_speed = 2.0')
    scenario = scenario.replace('ramp = "0s"\nsettle = "500ms"\n', "")

    run = drive(tmp_path, scenario)

    replayed = sorted((row for row in rows_of(run.path)), key=lambda row: row.intended_ns)
    opens, _ = window_of(the_stage(run))
    assert [row.intended_ns - opens for row in replayed] == [number * NS // 4 for number in range(24)]
    assert [row.input_tokens for row in replayed] == [30 + number for number in range(24)]
    assert [row.output_tokens for row in replayed] == [5 + number % 3 for number in range(24)]
    late_ms = [(min(row.connect_start_ns or row.sent_ns, row.sent_ns) - row.intended_ns) / 1e6 for row in replayed]
    assert 0 <= np.median(late_ms) < 5


def test_sessions_ask_think_and_ask_again(tmp_path: Path) -> None:
    turns = 'rate = [4]\nturns = 3\nthink = "300ms"\nmeasure = "4s"\narrivals = "constant"'
    run = drive(tmp_path, plan(turns))

    sessions = defaultdict(list)
    for row in rows_of(run.path):
        sessions[row.user].append(row)
    whole = [sorted(rows, key=lambda row: row.turn) for rows in sessions.values() if len(rows) == 3]
    assert len(whole) >= 12
    for rows in whole:
        assert [row.turn for row in rows] == [0, 1, 2]
        assert all(after.intended_ns - (before.end_ns or 0) >= 0.3 * NS for before, after in pairwise(rows))


def test_targets_that_are_driven_together_are_measured_at_the_same_time(tmp_path: Path) -> None:
    two = '[[target]]\nmodel = "two"\nprices = "unknown"\nsimulator = { ttft_s = 0.2, tokens_per_s = 200 }'
    load = 'users = [2, 5]\nmeasure = "2s"\norder = "together"'
    scenario = plan(load).replace("[traffic]", f"{two}\n\n[traffic]")
    run = drive(tmp_path, scenario)
    rows = rows_of(run.path)

    assert [(stage.target, stage.level) for stage in run.stages] == [("one", 2), ("two", 2), ("one", 5), ("two", 5)]
    for one, two in (run.stages[:2], run.stages[2:]):
        assert window_of(one) == window_of(two)
        for stage in (one, two):
            mine = [row for row in rows if row.stage == stage.stage]
            assert count_busy(mine, *window_of(stage)) == pytest.approx(stage.level, rel=0.05)


# -- an account's quota -----------------------------------------------------------------------------------------------


def hosted(base_url: str, budget: str = "") -> str:
    """A target with an address, so that it counts, and eight users."""
    simulated = next(line for line in plan("").splitlines() if line.startswith("simulator"))
    load = 'users = [8]\nmeasure = "5s"'
    return plan(load).replace(simulated, f'base_url = "{base_url}"').replace("[slo]", f"{budget}\n[slo]")


def study_quota(tmp_path: Path, budget: str = "", **limits: int) -> tuple[Study, list[Row]]:
    with serve({"one": fast(**limits)}) as served:
        study = study_run(drive(tmp_path, hosted(served.base_url, budget)).path)
    study.run.close()
    return study, rows_of(study.run.path)


def test_a_share_of_the_quota_is_kept_and_the_load_that_it_held_back_is_not_delivered(tmp_path: Path) -> None:
    """A tenth of 1,200 requests a minute is two a second; eight users would ask fifty times as often."""
    study, rows = study_quota(tmp_path, "[budget]\nquota_share = 0.1\n", requests_per_minute=1200)
    opens, closes = window_of(study.run.stages[0])

    sent = [row for row in rows if row.sent_ns is not None and opens <= row.sent_ns < closes]
    assert 8 <= len(sent) <= 11
    assert Counter(row.outcome for row in sent) == {"length": len(sent)}
    assert all(HELD_BACK in row.checks for row in sent)
    [flag] = [flag for flag in study.flags if flag.is_void]
    assert flag.name == "NOT_DELIVERED"
    assert "waited for the run's own [budget]" in flag.evidence
    assert (
        "budget.quota_share lets through 10 % of the 1,200 requests a minute that the server allows." in flag.evidence
    )
    assert study.exit_code == 4


def test_a_plateau_that_is_the_accounts_quota_is_said_to_be(tmp_path: Path) -> None:
    study, rows = study_quota(tmp_path, requests_per_minute=240)

    assert any(row.outcome == "rate_limited" for row in rows)
    assert "QUOTA_BOUND" in {flag.name for flag in study.flags}
