"""Numbers as people read them."""

import math

import pytest

from firsttoken.decide.words.units import write_span, write_value


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
