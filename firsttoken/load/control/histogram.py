"""How long things took, counted in buckets: what the stage clock needs to know, in bounded memory. Pure.

Rule: a histogram steers, and is shown during a run; the report never uses it. Its buckets are one per cent wide, two
histograms add up to that of the union, and every figure of a report comes from rows instead.
"""

from __future__ import annotations

import math

import msgspec

WIDTH = math.log(1.01)
"""Of a bucket, in logarithms."""
ROUNDING = 1e-9
"""What a product of a share and a count may be off by."""


class Histogram(msgspec.Struct):
    """Counts of durations by the logarithm of their nanoseconds."""

    buckets: dict[int, int] = {}
    count: int = 0

    def add(self, duration_ns: int) -> None:
        """Count one duration; less than a nanosecond counts as one."""
        bucket = int(math.log(max(1, duration_ns)) / WIDTH)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
        self.count += 1

    def join(self, other: Histogram) -> None:
        """Count all that another one has counted."""
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count
        self.count += other.count

    def quantile(self, q: float) -> int | None:
        """The upper end, in ns, of the bucket that holds the order statistic of rank ceil(n q); None of nothing."""
        left = max(1, math.ceil(q * self.count - ROUNDING)) - 1
        for bucket in sorted(self.buckets):
            left -= self.buckets[bucket]
            if left < 0:
                return round(math.exp((bucket + 1) * WIDTH))
        return None
