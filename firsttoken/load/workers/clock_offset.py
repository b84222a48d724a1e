"""How a worker's clock stands to the master's, from questions and answers over a network. Pure.

Rule: no assumption on the ways there and back but that neither takes less than nothing, so the error that comes with
an offset is a bound and not a guess. Clocks that tick at different rates drift apart later; windows are therefore cut
by messages, and the offset only lets two machines speak of the same moment.
"""

from collections.abc import Sequence

import msgspec

from firsttoken.error import FirstTokenError


class Exchange(msgspec.Struct, frozen=True):
    """One question: asked and answered on the worker's clock, `master_ns` what the master's showed in between."""

    asked_ns: int
    master_ns: int
    answered_ns: int


class Offset(msgspec.Struct, frozen=True):
    """What to add to the worker's clock to read the master's; the truth lies within `error_ns` of it."""

    offset_ns: int
    error_ns: int


class ClockError(FirstTokenError, ValueError):
    """A clock that cannot be held against the run's."""


def estimate_offset(exchanges: Sequence[Exchange]) -> Offset:
    """The middle of all offsets that every exchange allows (Marzullo 1984, without liars).

    The master read its clock after the question was asked and before the answer came, so each exchange bounds the
    offset by [master - answered, master - asked]; what all of them allow is no wider than the shortest of them, and the
    error no more than half of the best round trip. Raises ClockError where they contradict each other.
    """
    if not exchanges:
        raise ValueError("expected at least one exchange with the master, got none")
    least_ns = max(each.master_ns - each.answered_ns for each in exchanges)
    most_ns = min(each.master_ns - each.asked_ns for each in exchanges)
    if least_ns > most_ns:
        raise ClockError(
            "the master's clock and this worker's: expected both to run at the same speed for a second, "
            f"they differ by {(least_ns - most_ns) / 1e6:.3f} ms; was one of the machines suspended?"
        )
    return Offset((least_ns + most_ns) // 2, (most_ns - least_ns + 1) // 2)
