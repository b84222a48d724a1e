"""A freeze is counted from the first request on, and work is late by as much of it as it lived through."""

import math

import pytest

from firsttoken.catalogue import Freeze
from firsttoken.simulator.timing.standstill import Standstill


def freeze_at_110() -> Standstill:
    """A model whose first request came at 10 s, frozen from 110 s to 150 s, in ns."""
    standstill = Standstill(Freeze(at="100s", lasts="40s"))
    standstill.record_arrival(10_000_000_000)
    return standstill


def test_the_first_request_alone_fixes_the_time():
    standstill = freeze_at_110()

    assert not standstill.record_arrival(20_000_000_000)
    assert (standstill.begins_ns, standstill.ends_ns) == (110e9, 150e9)


def test_a_model_without_a_freeze_never_stands_still():
    standstill = Standstill(None)

    assert not standstill.record_arrival(0)
    assert standstill.begins_ns == math.inf
    assert standstill.finish_ns(5, 10**18) == 10**18 + 5


@pytest.mark.parametrize(
    ("start", "work", "end"),
    [(50, 20, 70), (90, 20, 110), (100, 20, 160), (100, 100, 240), (120, 20, 170), (150, 20, 170), (160, 5, 165)],
    ids=["before", "just done", "caught", "longer than it", "begun in it", "begun as it ends", "after"],
)
def test_work_is_late_by_what_it_saw_of_the_freeze(start, work, end):
    assert freeze_at_110().finish_ns(start * 1e9, work * 1e9) == end * 1e9
