"""The width of a share's interval, held against scipy's."""

import pytest
from scipy.stats import binomtest

from firsttoken.stats.wilson import half_width


@pytest.mark.parametrize(("met", "judged"), [(0, 1), (1, 1), (35, 35), (95, 100), (50, 100), (3, 1000)])
def test_it_is_half_of_wilsons_interval(met, judged):
    interval = binomtest(met, judged).proportion_ci(method="wilson")

    assert half_width(met, judged) == pytest.approx((interval.high - interval.low) / 2, rel=1e-9)


def test_nothing_seen_is_nothing_known():
    assert half_width(0, 0) == 1.0
