"""A result in words: its value, its interval, and what is only known from one side."""

from firsttoken.decide.words.result_words import write_metric
from tests.decide.hand import result


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
