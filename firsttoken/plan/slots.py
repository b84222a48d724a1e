"""When a user slot of a closed loop is open. Pure.

Rule: slot s of a shape is open while the load wanted is at least s + 1/2, so that on average there are as many
users as wanted; the slots of a ladder open one by one over the ramp, evenly, and stay open.
"""

from collections.abc import Iterator

from firsttoken.plan.profile import Profile
from firsttoken.plan.stage import StagePlan

Span = tuple[int, int | None]
"""(from_ns, to_ns) since the stage began; None: for good."""


def find_spans(plan: StagePlan, slot: int) -> list[Span]:
    """The spans, in order, in which the user of this slot may begin a request."""
    if not plan.profile:
        return [(plan.ramp_ns * slot // plan.users, None)]
    return list(_spans_above(plan.profile, slot + 0.5))


def find_opening(spans: list[Span], now_ns: int) -> int | None:
    """The beginning of the span that now lies in, else of the next one; None where no more comes."""
    return next((opens for opens, closes in spans if closes is None or now_ns < closes), None)


def _spans_above(profile: Profile, least: float) -> Iterator[Span]:
    """Where a piecewise linear course is at least so high; after its last segment it stays as it is."""
    opened: int | None = None
    began_ns = 0
    for segment in profile:
        low, high = segment.start, segment.end
        crossing_ns = began_ns + (0 if high == low else round(segment.length_ns * (least - low) / (high - low)))
        if opened is None and max(low, high) >= least:
            opened = began_ns if low >= least else crossing_ns
        began_ns += segment.length_ns
        if opened is not None and high < least:
            yield opened, min(crossing_ns, began_ns) if low >= least else began_ns - segment.length_ns
            opened = None
    if opened is not None:
        yield opened, None
