"""The offset of two clocks: never further from the truth than it says, however uneven the ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsttoken.load.workers.clock_offset import Exchange, estimate_offset

DELAYS = st.integers(0, 50_000_000)


def exchange(asked_ns: int, there_ns: int, back_ns: int, offset_ns: int) -> Exchange:
    """An exchange whose ways took so long, with a master that is ahead by the offset."""
    return Exchange(asked_ns, asked_ns + there_ns + offset_ns, asked_ns + there_ns + back_ns)


@given(
    offset_ns=st.integers(-(10**15), 10**15),
    ways=st.lists(st.tuples(DELAYS, DELAYS), min_size=1, max_size=20),
)
def test_the_truth_lies_within_the_error_and_the_error_within_half_the_best_round_trip(
    offset_ns: int, ways: list[tuple[int, int]]
) -> None:
    exchanges = [exchange(number * 10**8, there, back, offset_ns) for number, (there, back) in enumerate(ways)]

    found = estimate_offset(exchanges)

    assert abs(found.offset_ns - offset_ns) <= found.error_ns
    assert found.error_ns <= min(there + back for there, back in ways) / 2 + 1


def test_one_slow_way_costs_nothing_where_another_exchange_was_quick() -> None:
    slow_there, slow_back = exchange(0, 40_000_000, 100_000, 5_000), exchange(10**9, 100_000, 40_000_000, 5_000)

    found = estimate_offset([slow_there, slow_back])

    assert found.offset_ns == 5_000
    assert found.error_ns == 100_000, "each bounds one side: together better than half of either round trip"


def test_clocks_that_moved_apart_while_they_were_compared_are_said() -> None:
    exchanges = [exchange(0, 1_000, 1_000, 0), exchange(10**9, 1_000, 1_000, 5_000_000)]

    with pytest.raises(ValueError, match=r"differ by 4\.998 ms"):
        estimate_offset(exchanges)


def test_no_exchange_is_no_offset() -> None:
    with pytest.raises(ValueError, match="at least one exchange"):
        estimate_offset([])
