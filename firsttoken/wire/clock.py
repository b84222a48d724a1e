"""When bytes arrived: the kernel's receive stamp, mapped from the wall clock to the monotonic one.

Rule: a stamp is either right or not used. The kernel stamps on CLOCK_REALTIME, which can be stepped; marks are on
CLOCK_MONOTONIC. Both clocks are read at each read, and while their distance is uncertain, for example where the kernel
stamped nothing, the time of the read stands in: late, never early.
"""

import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence

SO_TIMESTAMPNS = 35 if sys.platform == "linux" else None
"""The socket option, where there is one; absent from the socket module."""
TIMESPEC = struct.Struct("@ll")
ANCILLARY_BYTES = socket.CMSG_SPACE(TIMESPEC.size)

NEAR_NS = 20_000
"""Two clocks that were read within this were read together."""
READINGS = 3
"""How often to read them until that succeeds."""
STEP_NS = 1_000_000
"""More than the distance of the clocks can change from read to read unless one was stepped."""
SLEW = 0.001
"""Nor does it grow faster than this, in ns per ns of silence between reads."""
UNCERTAIN_NS = 1_000_000_000
"""How long bytes stamped before a step may still lie unread."""


class Clock:
    """The distance between the clocks, sampled at each read."""

    __slots__ = ("_distance_ns", "_monotonic_ns", "_sampled_ns", "_uncertain_until_ns", "_wall_ns")

    def __init__(
        self, monotonic_ns: Callable[[], int] = time.monotonic_ns, wall_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._wall_ns = wall_ns
        self._sampled_ns = monotonic_ns()
        self._distance_ns = wall_ns() - self._sampled_ns
        self._uncertain_until_ns = 0

    def place(self, ancillary: Sequence[tuple[int, int, bytes]], floor_ns: int) -> tuple[int, int | None]:
        """Return (arrival, delay) of what was just read, in ns on the monotonic clock.

        The delay, from the kernel's stamp to now, is None where the arrival is not the kernel's word but now.
        `floor_ns` is a time before which it cannot have been: the arrival of the bytes before, or the request.
        """
        now_ns = self._monotonic_ns()
        distance_ns = self._wall_ns() - now_ns
        if not -NEAR_NS < distance_ns - self._distance_ns < NEAR_NS:
            now_ns, distance_ns = self._look_again(now_ns)
        self._sampled_ns, self._distance_ns = now_ns, distance_ns
        if ancillary and now_ns >= self._uncertain_until_ns:
            seconds, nanoseconds = TIMESPEC.unpack(ancillary[0][2])
            stamp_ns = seconds * 1_000_000_000 + nanoseconds - distance_ns
            if floor_ns <= stamp_ns <= now_ns:
                return stamp_ns, now_ns - stamp_ns
        return now_ns, None

    def _look_again(self, now_ns: int) -> tuple[int, int]:
        """The clocks moved apart: were we interrupted between reading one and the other, or did one move?

        Taken from the later reading the distance is short by what passed in between: late, never early.
        """
        for _ in range(READINGS):
            before_ns, wall_ns, again_ns = self._monotonic_ns(), self._wall_ns(), self._monotonic_ns()
            distance_ns = wall_ns - again_ns
            if again_ns - before_ns < NEAR_NS:
                break
        if abs(distance_ns - self._distance_ns) > STEP_NS + SLEW * (now_ns - self._sampled_ns):
            self._uncertain_until_ns = again_ns + UNCERTAIN_NS
        return again_ns, distance_ns
