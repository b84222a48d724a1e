"""The freeze of a model: once in its life all work stops for a while, and then continues.

Rule: pure, the time is handed in. Work that was under way is late by as much of the freeze as it lived through.
"""

import math

from firsttoken.catalogue import Freeze
from firsttoken.decoding.duration import parse_duration


class Standstill:
    """When a model is frozen; both ends are infinite before the first request, and for a model that never freezes."""

    def __init__(self, freeze: Freeze | None) -> None:
        self.begins_ns = math.inf
        self.ends_ns = math.inf
        self._freeze = freeze

    def record_arrival(self, now_ns: int) -> bool:
        """Fix both ends by the model's first request; False where there is nothing (more) to fix."""
        freeze, self._freeze = self._freeze, None
        if freeze is None:
            return False
        self.begins_ns = now_ns + round(parse_duration(freeze.at) * 1e9)
        self.ends_ns = self.begins_ns + round(parse_duration(freeze.lasts) * 1e9)
        return True

    def finish_ns(self, start_ns: float, work_ns: float) -> float:
        """When work of `work_ns` that is begun at `start_ns` is done, the freeze not counted as work."""
        end_ns = start_ns + work_ns
        if end_ns <= self.begins_ns or start_ns >= self.ends_ns:
            return end_ns
        return self.ends_ns + end_ns - max(start_ns, self.begins_ns)
