"""What the trace of a scenario says: its requests, its rate, its mean lengths."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from firsttoken.scenario.format import Replay
from firsttoken.scenario.trace import (
    check_rate,
    describe_left_out,
    fill_trace,
    find_mean_rate,
    measure_trace,
    read_arrivals,
    warn_of_trace,
)
from firsttoken.scenario.values import ScenarioError

ROWS = """TIMESTAMP,ContextTokens,GeneratedTokens
2026-01-01 00:00:00,100,10
2026-01-01 00:00:04,200,20
2026-01-01 00:00:10,600,60
"""


@pytest.fixture
def trace(tmp_path: Path) -> str:
    path = tmp_path / "trace.csv"
    path.write_text(ROWS)
    return str(path)


def measure(replay: Replay) -> float:
    return measure_trace(replay, read_arrivals(replay))


def test_a_replay_takes_as_long_as_its_window_at_its_speed(trace):
    assert measure(Replay(trace=trace)) == 10
    assert measure(Replay(trace=trace, trace_speed=2.0)) == 5
    assert measure(Replay(trace=trace, trace_from="2s", trace_to="8s", trace_speed=2.0)) == 3


def test_its_mean_rate_has_three_digits(trace):
    replay = Replay(trace=trace, trace_speed=0.7)

    assert find_mean_rate(replay, read_arrivals(replay)) == 0.21
    assert [arrival.at_ns for arrival in read_arrivals(Replay(trace=trace))] == [0, 4 * 10**9, 10**10]


def test_a_trace_of_one_instant_is_a_millisecond_long(trace):
    assert measure(Replay(trace=trace, trace_from="9s")) == 1.0
    Path(trace).write_text("\n".join(ROWS.splitlines()[:2]))
    assert measure(Replay(trace=trace, trace_speed=3.0)) == 0.001


def test_mean_lengths_stand_where_the_scenario_has_none(trace):
    traffic: dict[str, object] = {"trace": trace, "output_tokens": 7}

    fill_trace(traffic)

    assert traffic == {"trace": trace, "output_tokens": 7, "input_tokens": 300}


@pytest.mark.parametrize("traffic", [{}, {"trace": ""}, {"trace": 7}, {"trace": "t.csv", "trace_speed": "fast"}])
def test_what_is_no_trace_is_left_to_the_format(traffic):
    before = dict(traffic)

    fill_trace(traffic)

    assert traffic == before


def test_a_trace_that_cannot_be_read_is_refused_by_its_key():
    with pytest.raises(ScenarioError, match=r"^traffic\.trace: nowhere\.csv: expected a readable trace"):
        fill_trace({"trace": "nowhere.csv"})


def azure(folder: Path, *requests: tuple[float, int, int]) -> str:
    """A trace with one row for each (second, prompt, answer)."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        f"{(start + timedelta(seconds=second)).strftime('%Y-%m-%d %H:%M:%S.%f')},{prompt},{answer}"
        for second, prompt, answer in requests
    ]
    path = folder / "azure.csv"
    path.write_text("\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *rows]))
    return str(path)


def test_what_is_left_out_of_a_trace_is_written_into_the_resolved_scenario(tmp_path):
    requests = [(float(second), 100, 10) for second in range(9)]
    traffic: dict[str, object] = {"trace": azure(tmp_path, *requests, (9.0, 100, 0)), "trace_left_out": "old words"}

    fill_trace(traffic)

    assert traffic["trace_left_out"] == "1 of 10 rows that are not requests: 1 with 0 tokens one way (first in line 11)"
    assert warnings(traffic) == [f"traffic.trace (Azure LLM inference): left out {traffic['trace_left_out']}"]


def test_requests_that_are_too_long_are_left_out_and_counted(tmp_path):
    trace = azure(tmp_path, (0.0, 100, 10), (1.0, 900, 200), (2.0, 50, 5))
    replay = Replay(trace=trace, trace_longest=1_000)

    assert [arrival.input_tokens for arrival in read_arrivals(replay)] == [100, 50]
    assert describe_left_out(replay) == "1 of 3 requests of more than 1,000 tokens"


def warnings(traffic: dict[str, object]) -> list[str]:
    return list(warn_of_trace(msgspec.convert(traffic, Replay)))


def moon(folder: Path, times: list[float]) -> str:
    path = folder / "moon.jsonl"
    path.write_text("".join(f'{{"timestamp": {at}, "input_length": 9, "output_length": 5}}\n' for at in times))
    return str(path)


def test_times_in_seconds_are_refused_with_the_speed_that_reads_them_so(tmp_path):
    trace = moon(tmp_path, [place / 5 for place in range(301)])

    with pytest.raises(ScenarioError, match=r"301 requests within 0\.06 s, 5,\d+/s: .* then set trace_speed = 0\.001"):
        check_rate(Replay(trace=trace))
    check_rate(Replay(trace=trace, trace_speed=0.001))
    assert warnings({"trace": trace, "trace_speed": 0.001}) == []


def test_times_that_are_only_dense_give_a_warning(tmp_path):
    trace = moon(tmp_path, [float(place) for place in range(0, 600, 2)])

    check_rate(Replay(trace=trace))
    (warning,) = warnings({"trace": trace})
    assert "are the times in seconds? then set trace_speed = 0.001" in warning


def test_times_in_a_smaller_unit_give_a_warning_with_the_speed_that_reads_them_so(tmp_path):
    trace = moon(tmp_path, [float(place) * 1e6 for place in range(30)])

    (warning,) = warnings({"trace": trace})
    assert (
        "30 requests within 29,000 s, 0.00103/s: are the times in microseconds? then set trace_speed = 1000" in warning
    )


def test_a_few_requests_of_one_instant_are_no_rate(tmp_path):
    assert check_rate(Replay(trace=moon(tmp_path, [0.0] * 3))) is None


def test_a_window_unlike_its_trace_is_told_with_all_three_rates(tmp_path):
    quiet, busy = [(33.3 * place, 9, 9) for place in range(18)], [(600 + place / 3, 9, 9) for place in range(1800)]
    trace = azure(tmp_path, *quiet, *busy)

    (warning,) = warnings({"trace": trace, "trace_to": "600s"})
    assert "has 0.03 requests/s, the whole trace 1.5/s, its busiest 600 s 3/s (from 600 s)" in warning
    assert len(warnings({"trace": trace, "trace_from": "600s"})) == 0
    assert warnings({"trace": trace}) == []


def test_a_window_of_an_even_trace_stands_for_it(tmp_path):
    trace = azure(tmp_path, *[(float(place), 9, 9) for place in range(1200)])

    assert warnings({"trace": trace, "trace_to": "600s"}) == []


def test_requests_out_of_order_are_told(tmp_path):
    trace = azure(tmp_path, (5.0, 9, 9), (1.0, 9, 9))

    assert warnings({"trace": trace}) == ["traffic.trace: 1 request was out of order and was sorted by time"]
