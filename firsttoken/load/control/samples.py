"""The values of a stage that measures until a figure is known, on their way from a worker to its master. Pure.

Rule: each is sent until the master has acknowledged it, and then no more. Both sides keep them in one order and
speak of a place in it, so that a message may be lost, late or repeated.
"""

from collections.abc import Hashable, Sequence

import msgspec

Sample = tuple[int, float]
"""(intended_ns, value) of a measured request."""


class Piece(msgspec.Struct, frozen=True):
    """What a worker sends of its samples in one stage: those from the place `begins` on."""

    begins: int
    samples: list[Sample]


class Outbox:
    """A worker's samples in one stage, whichever stage run counted them, in the order in which they are sent."""

    def __init__(self) -> None:
        self._samples: list[Sample] = []
        self._taken: dict[Hashable, int] = {}
        self._known = 0

    def collect(self, stage_run: Hashable, samples: Sequence[Sample]) -> None:
        """Take what a stage run has counted since the last call; its list only grows."""
        self._samples += samples[self._taken.get(stage_run, 0) :]
        self._taken[stage_run] = len(samples)

    def record_known(self, known: int) -> None:
        """Record how many the master has; an older number changes nothing."""
        self._known = max(self._known, known)

    def next_piece(self) -> Piece:
        """What the master may not have yet."""
        return Piece(self._known, self._samples[self._known :])


def join(samples: list[Sample], piece: Piece) -> None:
    """Add to the samples that a master has what is new in a piece; one with a gap before it is left for the next."""
    if piece.begins <= len(samples):
        samples += piece.samples[len(samples) - piece.begins :]
