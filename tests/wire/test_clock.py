"""Kernel stamps on the monotonic clock: right, or not used. The clocks here are ours to set."""

import struct

import pytest

from firsttoken.wire.clock import UNCERTAIN_NS, Clock

MS = 1_000_000
S = 1_000_000_000


class Clocks:
    """A monotonic clock and a wall clock; `pause_ns` passes between reading one and the other."""

    def __init__(self) -> None:
        self.now_ns = 50 * S
        self.wall_ahead_ns = 1_700_000_000 * S
        self.pauses_ns: list[int] = []

    def monotonic_ns(self) -> int:
        return self.now_ns

    def wall_ns(self) -> int:
        if self.pauses_ns:
            self.now_ns += self.pauses_ns.pop(0)
        return self.now_ns + self.wall_ahead_ns

    def stamp(self, ago_ns: int) -> list[tuple[int, int, bytes]]:
        """What the kernel hands out for a segment that arrived so long ago."""
        return [(1, 35, struct.pack("@ll", *divmod(self.now_ns - ago_ns + self.wall_ahead_ns, S)))]


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def clock(clocks: Clocks) -> Clock:
    return Clock(clocks.monotonic_ns, clocks.wall_ns)


def test_the_kernels_stamp_is_the_arrival(clocks, clock):
    assert clock.place(clocks.stamp(3 * MS), floor_ns=0) == (clocks.now_ns - 3 * MS, 3 * MS)


def test_without_a_stamp_the_arrival_is_now(clocks, clock):
    assert clock.place([], floor_ns=0) == (clocks.now_ns, None)


def test_a_stamp_before_the_bytes_before_is_not_believed(clocks, clock):
    assert clock.place(clocks.stamp(3 * MS), floor_ns=clocks.now_ns - 2 * MS) == (clocks.now_ns, None)


def test_a_stamp_from_the_future_is_not_believed(clocks, clock):
    assert clock.place(clocks.stamp(-3 * MS), floor_ns=0) == (clocks.now_ns, None)


@pytest.mark.parametrize("step_ns", [7 * MS, -7 * MS, 3600 * S])
def test_a_stepped_wall_clock_costs_the_kernels_stamps_for_a_second_and_no_more(clocks, clock, step_ns):
    """Bytes that arrived before the step carry the old wall time: only after a second can none of them be left."""
    old = clocks.stamp(8 * MS)
    clocks.wall_ahead_ns += step_ns

    assert clock.place(old, floor_ns=0) == (clocks.now_ns, None)
    clocks.now_ns += UNCERTAIN_NS // 2
    assert clock.place(clocks.stamp(MS), floor_ns=0) == (clocks.now_ns, None)
    clocks.now_ns += UNCERTAIN_NS
    assert clock.place(clocks.stamp(MS), floor_ns=0) == (clocks.now_ns - MS, MS)


def test_a_clock_that_is_slewed_through_a_long_silence_was_not_stepped(clocks, clock):
    """The kernel slews by at most 500 ppm: 30 ms in a minute without a read."""
    clocks.now_ns += 60 * S
    clocks.wall_ahead_ns += 30 * MS

    assert clock.place(clocks.stamp(MS), floor_ns=0) == (clocks.now_ns - MS, MS)


@pytest.mark.parametrize("pause_ns", [20 * MS, 900_000, 50_000])
def test_an_interruption_between_the_two_clocks_is_no_step(clocks, clock, pause_ns):
    """The process lost the processor between them: the distance is taken again, the stamp stays right."""
    stamp = clocks.stamp(MS)
    clocks.pauses_ns = [pause_ns]

    assert clock.place(stamp, floor_ns=0) == (clocks.now_ns - MS - pause_ns, MS + pause_ns)
    assert clock.place(clocks.stamp(MS), floor_ns=0) == (clocks.now_ns - MS, MS)


def test_a_process_that_is_interrupted_again_and_again_is_late_and_never_early(clocks, clock):
    stamp = clocks.stamp(MS)
    arrived_ns = clocks.now_ns - MS
    clocks.pauses_ns = [900_000] * 4

    placed_ns, _ = clock.place(stamp, floor_ns=0)

    assert arrived_ns <= placed_ns <= arrived_ns + 900_000
