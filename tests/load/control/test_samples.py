"""Samples on their way to the master: each arrives once and in order, whatever happens to messages."""

from hypothesis import given
from hypothesis import strategies as st

from firsttoken.load.control.samples import Outbox, Piece, Sample, join

STEP = st.sampled_from(["count", "count on another stage run", "tell", "deliver", "repeat", "lose", "acknowledge"])


@given(steps=st.lists(STEP))
def test_the_master_has_a_beginning_of_what_was_told_and_in_the_end_all_of_it(steps: list[str]) -> None:
    outbox, stage_runs, there, flying = Outbox(), {"one": list[Sample](), "other": list[Sample]()}, list[Sample](), []
    counted = 0
    for step in [*steps, "tell", "acknowledge", "tell", "deliver all"]:
        if step.startswith("count"):
            counted += 1
            stage_runs["other" if step.endswith("run") else "one"].append((counted, float(counted)))
        elif step == "tell":
            for name, samples in stage_runs.items():
                outbox.collect(name, samples)
            flying.append(outbox.next_piece())
        elif step == "lose" and flying:
            flying.pop()
        elif step == "acknowledge":
            outbox.record_known(len(there))
        elif step in ("deliver", "repeat") and flying:
            join(there, flying[0] if step == "repeat" else flying.pop(0))
        elif step == "deliver all":
            for piece in flying:
                join(there, piece)

    assert sorted(there) == [(number, float(number)) for number in range(1, counted + 1)]


def test_what_the_master_has_is_told_no_more() -> None:
    outbox = Outbox()
    outbox.collect("run", [(1, 1.0), (2, 2.0)])
    assert outbox.next_piece() == Piece(0, [(1, 1.0), (2, 2.0)])

    outbox.record_known(2)
    outbox.record_known(1)
    outbox.collect("run", [(1, 1.0), (2, 2.0), (3, 3.0)])

    assert outbox.next_piece() == Piece(2, [(3, 3.0)])


def test_a_piece_after_a_gap_waits_for_the_one_that_fills_it() -> None:
    there: list[Sample] = [(1, 1.0)]

    join(there, Piece(2, [(3, 3.0)]))

    assert there == [(1, 1.0)]
