"""Tests of firsttoken/decide.timeline.py."""

import numpy as np
import pytest

from firsttoken.decide.timeline import (
    Trace,
    count_in_flight,
    read_timeline,
    read_trace,
    tokens_per_second,
)

NAN = float("nan")


def trace(sent, first, last, end, tokens):
    n = len(sent)
    arrays = {
        name: np.array(values, dtype=np.float64)
        for name, values in {"sent": sent, "first": first, "last": last, "end": end, "tokens": tokens}.items()
    }
    flags = {"limited": np.zeros(n, bool), "failed": np.zeros(n, bool)}
    return Trace(**flags, **arrays)


def test_tokens_are_spread_evenly_over_their_stream():
    one_stream = trace([0.0], [1.0], [5.0], [5.0], [40.0])

    assert tokens_per_second(one_stream, np.arange(0.0, 7.0)) == pytest.approx([0, 10, 10, 10, 10, 0])


def test_an_attempt_is_in_flight_from_its_sending_to_its_end():
    two = trace([0.0, 1.0], [NAN, NAN], [NAN, NAN], [2.0, NAN], [0, 0])

    assert count_in_flight(two, np.array([0.5, 1.5, 2.5])).tolist() == [1, 2, 1]


def test_a_run_without_attempts_has_a_timeline_without_stages(empty_study):
    timeline = read_timeline(empty_study.run, most_bins=10, most_dots=10)

    assert (timeline.attempts, timeline.stages, timeline.stop) == (0, {}, 0.0)


def test_the_curves_of_a_timeline_add_up_to_all_that_happened(study):
    raw = study.run.attempts("outcome", "first_token_ns", "output_tokens", "token_events", where="sent_ns IS NOT NULL")
    reported = ~np.isnan(raw["output_tokens"]) & (raw["token_events"] > 0)
    per_event = raw["output_tokens"][reported].sum() / raw["token_events"][reported].sum()
    tokens = np.where(np.isnan(raw["output_tokens"]), raw["token_events"] * per_event, raw["output_tokens"])

    timeline = read_timeline(study.run, most_bins=37, most_dots=100)

    def total(curve):
        return (curve * np.diff(timeline.edges)).sum()

    assert len(timeline.edges) <= 39
    assert total(timeline.tokens_per_s) == pytest.approx(tokens[~np.isnan(raw["first_token_ns"])].sum())
    assert total(timeline.limited_per_s) == pytest.approx((raw["outcome"] == "rate_limited").sum())
    assert total(timeline.failed_per_s) == pytest.approx(np.isin(raw["outcome"], ["http_5xx", "truncated"]).sum())


def test_attempts_in_flight_are_those_of_all_stages(study):
    raw = study.run.attempts("sent_ns", "end_ns", where="sent_ns IS NOT NULL")

    timeline = read_timeline(study.run, most_bins=50, most_dots=100)

    at = timeline.edges[:, None] * 1e9
    expected = ((raw["sent_ns"] <= at) & ~(raw["end_ns"] <= at)).sum(axis=1)
    assert timeline.in_flight.tolist() == expected.tolist()
    assert max(timeline.in_flight) > 16


def test_every_so_many_th_attempt_of_the_run_stays(study):
    sent = study.run.attempts("sent_ns", where="sent_ns IS NOT NULL", order="stage, sent_ns")["sent_ns"] / 1e9

    timeline = read_timeline(study.run, most_bins=50, most_dots=300)

    kept = np.concatenate([stage.sent for stage in timeline.stages.values()])
    assert timeline.step == -(-len(sent) // 300)
    assert kept.tolist() == sent[:: timeline.step].tolist()


def test_failures_are_ours_or_theirs(study):
    outcomes = study.run.attempts("outcome", where="sent_ns IS NOT NULL AND stage = 7")["outcome"]

    seen = read_trace(study.run, 7, per_event=1.0)

    assert seen.limited.sum() == (outcomes == "rate_limited").sum() > 0
    assert seen.failed.sum() == np.isin(outcomes, ["http_5xx", "truncated"]).sum() > 0


@pytest.mark.parametrize("per_event", [None, 3.0])
def test_a_stream_that_reported_no_usage_counts_so_many_tokens_an_event(study, per_event):
    raw = study.run.attempts(
        "output_tokens", "token_events", where="sent_ns IS NOT NULL AND stage = 7", order="sent_ns, request_id, attempt"
    )
    untold = np.isnan(raw["output_tokens"])
    expected = np.full(untold.sum(), NAN) if per_event is None else raw["token_events"][untold] * per_event

    seen = read_trace(study.run, 7, per_event)

    np.testing.assert_array_equal(seen.tokens[untold], expected)
