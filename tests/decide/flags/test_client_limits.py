"""Whether the load process was the limit, second by second; which bounds raise the flag is in test_validity."""

from firsttoken.decide.flags.client_limits import find_client_limits
from tests.decide.flags.test_validity import back_to_back
from tests.decide.hand import build_window, healthy, row, said


def test_a_freeze_counts_from_the_line_before_it_to_the_one_after():
    """No line was written while the process stood still, so that the next sums up more than a second."""
    late = [*healthy(*range(1, 9)), *healthy(12, hub_lag_max_ms=2800.0)]

    assert "froze" in said(find_client_limits(build_window(back_to_back(), window=(0, 10_000)), late))
    assert said(find_client_limits(build_window(back_to_back(count=8, every=1000), window=(0, 8_000)), late)) == ""


def test_a_freeze_while_measured_answers_still_stream_counts_though_the_window_has_closed():
    rows = [*back_to_back(), row("long", user=1, intended=9_000, first=9_500, last=14_000, output=20)]
    hold = healthy(*range(1, 13)) + healthy(13, hub_lag_max_ms=60.0)

    assert "froze" in said(find_client_limits(build_window(rows, users=2), hold))
    assert said(find_client_limits(build_window(back_to_back()), hold)) == ""
