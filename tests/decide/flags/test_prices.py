"""What answers cost that no price is stated for."""

from firsttoken.decide.flags.prices import find_unpriced
from tests.decide.hand import said, take
from tests.decide.measure.test_cost import TIERED, answered


def test_what_has_no_price_is_told_with_its_count():
    served = [answered(service_tier="priority"), answered(), answered(cache_write_tokens=5)]

    assert said(find_unpriced(take(served), TIERED)) == (
        "1 of 3 answers were served at another tier than the prices are for (default); their cost is unknown. "
        "1 of 3 answers wrote to a cache, for which no price is stated ([target.price] cache_write); their cost is "
        "unknown."
    )
    assert said(find_unpriced(take(served[1:2]), TIERED)) == ""
    assert said(find_unpriced(take(served), None)) == ""
