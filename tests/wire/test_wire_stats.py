"""The wire's health: counted, sampled evenly, forgotten once read."""

from itertools import pairwise

from firsttoken.wire.wire_stats import MOST_DELAYS, Gauge, WireStats


def test_the_stats_hold_what_was_recorded_since_the_last_call():
    gauge = Gauge()
    gauge.record_delay(250_000)
    gauge.record_first_token(exact=True)
    gauge.record_first_token(exact=False)

    assert gauge.take() == WireStats(delays_ms=[0.25], first_tokens=2, bracketed=1)
    assert gauge.take() == WireStats(delays_ms=[], first_tokens=0, bracketed=0)


def test_a_busy_second_is_sampled_evenly_in_bounded_memory():
    """Delays that grow by one each read: an even sample of them has their mean, whatever was dropped."""
    reads = 100_000
    gauge = Gauge()

    for number in range(reads):
        gauge.record_delay(number * 1_000_000)
    delays = gauge.take().delays_ms

    assert MOST_DELAYS / 4 < len(delays) <= MOST_DELAYS
    gaps = {round(b - a) for a, b in pairwise(delays)}
    assert len(gaps) == 1
    assert abs(sum(delays) / len(delays) - reads / 2) < reads * 0.01
