"""How many requests it takes to show a share."""

import pytest

from firsttoken.decide.flags.sample_size import find_undersampled, requests_needed
from firsttoken.stats.proportion import proportion_interval
from tests.decide.hand import said


@pytest.mark.parametrize(("share", "needed"), [(0.95, 72), (0.9, 36), (0.99, 368)])
def test_so_many_requests_are_needed_to_show_a_share(share, needed):
    assert requests_needed(share) == needed
    assert proportion_interval(needed, needed).lo >= share
    assert proportion_interval(needed - 1, needed - 1).lo < share


def test_too_few_requests_are_undersampled_however_they_fared():
    assert "at least 72" in said(find_undersampled(proportion_interval(71, 71), 0.95))
    assert said(find_undersampled(proportion_interval(72, 72), 0.95)) == ""
    assert "worth 30 independent ones" in said(find_undersampled(proportion_interval(200, 200, 30.0), 0.95))


def test_no_number_of_requests_shows_that_every_one_meets_the_slo():
    assert "below 100 %" in said(find_undersampled(proportion_interval(10_000, 10_000), 1.0))
