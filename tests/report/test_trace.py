"""Tests of firsttoken/report/trace.py."""

import numpy as np
import pytest

from firsttoken.report.trace import Trace, count_in_flight, measure_drift, read_trace, tokens_per_second

NAN = float("nan")


def trace(sent, first, last, end, tokens):
    n = len(sent)
    arrays = {
        name: np.array(values, dtype=np.float64)
        for name, values in {"sent": sent, "first": first, "last": last, "end": end, "tokens": tokens}.items()
    }
    flags = {"measured": np.ones(n, bool), "limited": np.zeros(n, bool), "failed": np.zeros(n, bool)}
    return Trace(target=np.full(n, "m", object), stage=np.zeros(n, np.int64), **flags, **arrays)


def test_tokens_are_spread_evenly_over_their_stream():
    one_stream = trace([0.0], [1.0], [5.0], [5.0], [40.0])

    assert tokens_per_second(one_stream, np.arange(0.0, 7.0)) == pytest.approx([0, 10, 10, 10, 10, 0])


def test_the_curve_of_tokens_adds_up_to_all_tokens(study):
    seen = read_trace(study.run)
    edges = np.arange(0.0, seen.stop + 1.5, 0.7)

    drawn = (tokens_per_second(seen, edges) * np.diff(edges)).sum()

    assert drawn == pytest.approx(seen.tokens[~np.isnan(seen.first)].sum())


def test_an_attempt_is_in_flight_from_its_sending_to_its_end():
    two = trace([0.0, 1.0], [NAN, NAN], [NAN, NAN], [2.0, NAN], [0, 0])

    assert count_in_flight(two, np.array([0.5, 1.5, 2.5])).tolist() == [1, 2, 1]


def test_drift_is_the_second_half_against_the_first():
    sent = np.arange(0.0, 10.0)
    ttft = np.where(sent < 5, 1.0, 1.2)

    slowing = trace(sent, sent + ttft, sent + 2, sent + 2, np.ones(10))

    assert measure_drift(slowing, 0, (0, 10_000_000_000)) == pytest.approx(0.2)
    assert measure_drift(slowing, 0, (0, 18_000_000_000)) is None
    assert measure_drift(slowing, 1, (0, 10_000_000_000)) is None


def test_failures_are_ours_or_theirs(study):
    seen = read_trace(study.run)
    outcomes = study.run.attempts("outcome", where="sent_ns IS NOT NULL")["outcome"]

    assert seen.limited.sum() == (outcomes == "rate_limited").sum() > 0
    assert seen.failed.sum() == np.isin(outcomes, ["http_5xx", "truncated"]).sum() > 0


def test_a_stream_that_told_no_usage_counts_as_many_tokens_an_event_as_the_others(study):
    seen = read_trace(study.run)
    raw = study.run.attempts(
        "output_tokens", "token_events", where="sent_ns IS NOT NULL", order="sent_ns, request_id, attempt"
    )
    told = ~np.isnan(raw["output_tokens"]) & (raw["token_events"] > 0)
    per_event = raw["output_tokens"][told].sum() / raw["token_events"][told].sum()
    untold = np.isnan(raw["output_tokens"])

    assert seen.tokens[untold] == pytest.approx(raw["token_events"][untold] * per_event)
