"""The counters of many load processes add up to one set."""

from firsttoken.load.control.counters import Counters, add_up


def test_counts_and_gauges_of_all_workers_add_up_and_their_histograms_join() -> None:
    one, other = Counters(issued=3, busy=1, kept=2, judged=2), Counters(issued=4, busy=2, dropped=5)
    one.e2e.add(1_000)
    other.e2e.add(9_000)

    total = add_up([one, other])

    assert (total.issued, total.busy, total.kept, total.judged, total.dropped) == (7, 3, 2, 2, 5)
    assert total.e2e.count == 2
    assert one.e2e.count == 1


def test_every_counter_is_added_up() -> None:
    fields = zip(Counters.__struct_fields__, Counters.__struct_defaults__, strict=True)
    numbers = {name for name, default in fields if default == 0}

    assert numbers == set(Counters.SUMS)
