"""What the trace of a scenario says: its requests, its rate, its mean lengths."""

from pathlib import Path

import pytest

from firsttoken.scenario.format import Replay
from firsttoken.scenario.trace import fill_lengths, find_mean_rate, measure_trace, read_arrivals
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

    fill_lengths(traffic)

    assert traffic == {"trace": trace, "output_tokens": 7, "input_tokens": 300}


@pytest.mark.parametrize("traffic", [{}, {"trace": ""}, {"trace": 7}, {"trace": "t.csv", "trace_speed": "fast"}])
def test_what_is_no_trace_is_left_to_the_format(traffic):
    before = dict(traffic)

    fill_lengths(traffic)

    assert traffic == before


def test_a_trace_that_cannot_be_read_is_refused_by_its_key():
    with pytest.raises(ScenarioError, match=r"^traffic\.trace: nowhere\.csv: expected a readable trace"):
        fill_lengths({"trace": "nowhere.csv"})
