"""Tallies of many load processes are one tally."""

from firsttoken.load.control.counters import Tally, add_up


def test_counts_and_gauges_of_all_workers_add_up_and_their_digests_join() -> None:
    one, other = Tally(issued=3, busy=1, kept=2, judged=2), Tally(issued=4, busy=2, dropped=5)
    one.e2e.add(1_000)
    other.e2e.add(9_000)

    total = add_up([one, other])

    assert (total.issued, total.busy, total.kept, total.judged, total.dropped) == (7, 3, 2, 2, 5)
    assert total.e2e.count == 2
    assert one.e2e.count == 1


def test_every_number_of_a_tally_is_added_up() -> None:
    fields = zip(Tally.__struct_fields__, Tally.__struct_defaults__, strict=True)
    numbers = {name for name, default in fields if default == 0}

    assert numbers == set(Tally.SUMS)
