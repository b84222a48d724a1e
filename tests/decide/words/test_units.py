"""Numbers as people read them."""

import math

import pytest

from firsttoken.decide.words.units import write_metric, write_span, write_value
from tests.decide.hand import result


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1104, "ms", "1.10 s"),
        (999.6, "ms", "1.00 s"),
        (999.4, "ms", "999 ms"),
        (412.3, "ms", "412 ms"),
        (9.996, "ms", "10.0 ms"),
        (7.15, "ms", "7.15 ms"),
        (0.0, "ms", "0 ms"),
        (12_345, "ms", "12.3 s"),
        (85.04, "tok/s", "85.0 tok/s"),
        (1443, "tok/s", "1,443 tok/s"),
        (0.9623, "share", "96.2 %"),
        (0.95, "share", "95 %"),
        (1.0, "share", "100 %"),
        (0.9999, "share", "99.9 %"),
        (0.0001, "share", "0.1 %"),
        (0.0, "share", "0 %"),
        (120.0, "USD", "$120"),
        (99.999, "USD", "$100"),
        (1800.4, "USD", "$1,800"),
        (4.5, "USD", "$4.50"),
        (0.00453, "USD", "$0.00453"),
        (0.0, "USD", "$0"),
        (1.0, "users", "1 user"),
        (64.0, "users", "64 users"),
        (1.014, "ratio", "1.01×"),
        (6.25, "per 1,000", "6.25 per 1,000"),
        (31_000, "count", "31,000"),
        (None, "ms", "unknown"),
        (math.inf, "ms", "never"),
    ],
)
def test_a_value_has_its_unit_and_three_digits(value, unit, text):
    assert write_value(value, unit) == text


def test_a_span_says_its_unit_once_where_both_ends_share_it():
    assert write_span(1050, 1180, "ms") == "1.05 to 1.18 s"
    assert write_span(900, 1180, "ms") == "900 ms to 1.18 s"
    assert write_span(0.2, 34.3, "per 1,000") == "0.200 to 34.3 per 1,000"
    assert write_span(723, math.inf, "ms") == "723 ms to never"


def test_a_result_shows_its_interval():
    assert write_metric(result("ttft_ms", 1100.0, 1050.0, 1180.0, q=0.5)) == "1.10 s (1.05 to 1.18 s)"


def test_an_interval_that_the_digits_do_not_show_is_left_out():
    assert write_metric(result("attainment", 1.0, 1.0, 1.0)) == "100 %"


def test_a_quantile_without_an_interval_is_not_shown():
    assert write_metric(result("ttft_ms", 1100.0, q=0.99, n=37, flags=("UNDERSAMPLED",))) == "n/a (n = 37)"


def test_a_result_touched_by_requests_cut_off_is_a_bound():
    assert write_metric(result("e2e_ms", 12_000.0, q=0.99, flags=("CENSORED",))) == "≥ 12.0 s"
    assert write_metric(result("stream_tok_s", 40.0, q=0.05, flags=("CENSORED",))) == "≤ 40.0 tok/s"


def test_what_is_unknown_is_said_and_never_zero():
    assert write_metric(None) == "unknown"
    assert write_metric(result("dollars", None)) == "unknown"


def test_an_estimate_says_so():
    assert write_metric(result("system_tok_s", 310.0, 300.0, 320.0, flags=("ESTIMATE",))) == (
        "≈ 310 tok/s (300 to 320 tok/s)"
    )


def test_a_pace_that_requests_cut_off_hide_is_at_most_what_is_printed():
    for metric, text in (("stream_tok_s", "≤ 80.0 tok/s"), ("stream_relative", "≤ 80.00×")):
        assert write_metric(result(metric, 80.0, flags=("CENSORED",), q=0.5)) == text
