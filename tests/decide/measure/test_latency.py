"""Latencies as the glossary defines them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from firsttoken.decide.measure.attempts import group_requests
from firsttoken.decide.measure.latency import (
    Latency,
    late_tokens,
    measure_latencies,
    streamed_tokens,
    tpot_ms,
    ttfo_ms,
    ttft_ms,
)
from firsttoken.row import Row
from tests.decide.hand import MS, row, take


def latencies(rows: list[Row], end: float = 10_000) -> dict[str, Latency]:
    attempts = take(rows)
    return measure_latencies(attempts, group_requests(attempts, end * MS))


def test_ttft_runs_from_sent_and_not_from_intended():
    attempts = take([row("a", intended=0, sent=40, first=540, first_visible_ns=640 * MS, last=1540, output=101)])

    assert ttft_ms(attempts).tolist() == [500]
    assert ttfo_ms(attempts).tolist() == [600]


def test_tpot_divides_by_the_tokens_after_the_first():
    attempts = take([row("a", first=500, last=1500, output=101)])

    assert tpot_ms(attempts).tolist() == [10]


def test_tpot_counts_tokens_and_never_events():
    """Four tokens an event every 40 ms: 10 ms a token, 40 ms a gap."""
    measured = latencies([row("a", first=0, last=960, output=97, token_events=25)])

    assert measured["tpot_ms"].value.tolist() == [10]
    assert measured["stall_ms"].value.tolist() == [40]


def test_a_stall_is_the_longest_gap_and_one_event_alone_has_none():
    held_up = row("a", first=0, last=90, output=3)
    held_up.gaps_us = [20_000, 70_000]

    measured = latencies([held_up, row("b", first=0, output=1)])

    assert measured["stall_ms"].value.tolist() == pytest.approx([70, math.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("fields", "streamed"),
    [
        ({"reasoning_tokens": 40}, 60),
        ({"reasoning_tokens": 40, "first_visible_ns": 800 * MS}, 100),
        ({"reasoning_tokens": None}, 100),
    ],
    ids=["reasoning that was not streamed", "reasoning that was", "no reasoning told"],
)
def test_only_tokens_whose_text_was_streamed_have_a_pace(fields, streamed):
    attempts = take([row("a", first=500, last=1500, output=100, **fields)])

    assert streamed_tokens(attempts).tolist() == [streamed]


def test_a_summary_of_reasoning_has_no_count_of_tokens_and_so_no_tpot():
    marks = {"first": 500, "first_visible_ns": 800 * MS, "last": 1500, "output": 100, "reasoning_tokens": 40}
    rows = [row("a", checks=["reasoning_summary"], **marks), row("b", checks=["compressed"], **marks)]

    assert np.isnan(tpot_ms(take(rows))).tolist() == [True, False]


@pytest.mark.parametrize(
    "fields",
    [{"output": 1, "first": 5, "last": 5}, {"output": 50, "token_events": 1, "first": 5, "last": 5}, {"output": 0}],
    ids=["one token", "one event held everything", "none"],
)
def test_what_has_no_pace_has_no_tpot_and_no_unknown_tpot(fields):
    measured = latencies([row("a", end=100, **fields)])

    assert np.isnan(measured["tpot_ms"].value).all()
    assert np.isnan(measured["tpot_ms"].floor).all()


def test_a_success_without_usage_has_a_tpot_that_nobody_knows():
    measured = latencies([row("a", first=500, last=1500, token_events=50)])

    assert np.isnan(measured["tpot_ms"].value).all()
    assert measured["tpot_ms"].floor.tolist() == [0]


def test_felt_ttft_runs_from_the_first_intention_to_the_attempt_that_succeeded():
    measured = latencies(
        [
            row("a", 1, outcome="rate_limited", end=5, backoff_ms=500),
            row("a", 2, intended=505, sent=506, first=906, last=1000, output=10),
        ]
    )

    assert measured["felt_ttft_ms"].value.tolist() == [906]
    assert measured["ttft_ms"].value.tolist() == [400]
    assert measured["e2e_ms"].value.tolist() == [1000]


def test_who_failed_waits_for_ever_and_has_no_other_latency():
    measured = latencies([row("a", outcome="truncated", first=500, last=700, end=700)])

    assert measured["felt_ttft_ms"].value.tolist() == [math.inf]
    for metric in ("ttft_ms", "tpot_ms", "e2e_ms", "stall_ms"):
        assert np.isnan(measured[metric].value).all()
        assert np.isnan(measured[metric].floor).all()


def test_what_was_cut_off_is_known_to_be_at_least_so_slow():
    measured = latencies([row("a", sent=10, outcome="cancelled_by_run", end=4010)])

    assert measured["ttft_ms"].floor.tolist() == [4000]
    assert measured["felt_ttft_ms"].floor.tolist() == [4010]
    assert measured["e2e_ms"].floor.tolist() == [4010]


def test_a_mark_that_came_before_the_cut_stands():
    measured = latencies([row("a", first=500, last=900, end=4000, outcome="cancelled_by_run")])

    assert measured["ttft_ms"].value.tolist() == [500]
    assert np.isnan(measured["ttft_ms"].floor).all()
    assert measured["e2e_ms"].floor.tolist() == [4000]


SILENT = row("a", end=700, output=0)
REASONED = replace(row("a", first=5, last=700, outcome="length"), first_visible_ns=None)


@pytest.mark.parametrize("empty", [SILENT, REASONED])
def test_an_empty_answer_is_in_no_latency(empty):
    """Nothing visible was given: it has no first token, no pace and no end that others could be held against."""
    measured = latencies([empty])

    assert all(np.isnan(each.value).all() and np.isnan(each.floor).all() for each in measured.values())


def test_a_reader_waits_for_the_tokens_that_come_late():
    """Ten tokens, 10 ms each promised; one pause of 100 ms before the sixth: the reader is 50 ms behind from there."""
    held_up = [10_000] * 4 + [60_000] + [10_000] * 4
    in_time = [10_000] * 9

    assert late([held_up, in_time], tokens=[10, 10], pace_ms=10.0) == pytest.approx([5, 0])


def late(streams: list[list[int]], tokens: list[float], pace_ms: float) -> list[float]:
    counts = np.array([len(gaps) for gaps in streams], dtype=np.int64)
    gaps_us = np.array([gap for gaps in streams for gap in gaps], dtype=np.int64)
    return late_tokens(counts, gaps_us, np.array(tokens, dtype=np.float64), pace_ms).tolist()


@given(st.lists(st.lists(st.integers(0, 200_000), max_size=12), min_size=1, max_size=6), st.floats(1, 100))
def test_late_tokens_are_those_a_plain_loop_finds(streams, pace_ms):
    tokens = [2.0 * (len(gaps) + 1) for gaps in streams]

    assert late(streams, tokens, pace_ms) == pytest.approx([sum(_late(gaps, pace_ms)) for gaps in streams], abs=1e-6)


def _late(gaps: list[int], pace_ms: float) -> list[float]:
    """Of an event of two tokens, how much was due before it came."""
    late, came_ms = [], 0.0
    for place, gap in enumerate(gaps, start=1):
        came_ms += gap / 1000
        late.append(min(2.0, max(0.0, came_ms / pace_ms - 2 * place)))
    return late
