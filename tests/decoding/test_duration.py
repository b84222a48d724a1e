"""Durations are written as people write them, and are seconds."""

import pytest

from firsttoken.decoding.duration import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("200ms", 0.2), ("1.5s", 1.5), ("2m", 120.0), ("1h", 3600.0), ("0s", 0.0)],
)
def test_a_duration_is_seconds(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "1", "s", "1.s", "-1s", "1 s", "1s\n", "1d", "1e3s", "auto"])
def test_anything_else_is_no_duration(text):
    with pytest.raises(ValueError, match=r'expected a duration such as "1\.5s"'):
        parse_duration(text)
