"""The counters of a stage so far: of one load process, or of all of them together. Pure.

Rule: counts only grow and gauges are of the moment, so a message of counters may come twice or be lost, and the next
one makes up for it.
"""

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from firsttoken.load.control.histogram import Histogram
from firsttoken.load.control.samples import Sample


class Counters(msgspec.Struct):
    """One stage's counters. Requests are those of the whole stage unless it says measured."""

    issued: int = 0
    ended: int = 0
    """With an answer or without, but not cut off by the run."""
    failed: int = 0
    dropped: int = 0
    """Arrivals of an open loop that found as many requests open as may be."""
    started: int = 0
    """Attempts journalled as started."""
    kept: int = 0
    judged: int = 0
    """Measured requests that met the SLO, of those of which it is known whether they did."""
    answered: int = 0
    unanswered: int = 0
    """Attempts that a living server answered, and those that failed as a dead one makes them fail."""
    streaming: int = 0
    """Attempts whose answer is running; looked at only once some were not answered."""
    unpaid: int = 0
    """Attempts that were refused because the credit is spent."""
    pending: int = 0
    """Attempts that are on the wire for long without an answer; looked at only once some were refused like that."""
    open_measured: int = 0
    busy: int = 0
    """Users with a request: attempts and back-off together."""
    in_flight: int = 0
    idle_ns: int = 0
    """Of users: how long open slots of a closed loop had no user at work, see `StageRun.record_idle`."""
    e2e: Histogram = msgspec.field(default_factory=Histogram)
    """From intended to the end, of requests that succeeded."""
    ttft: Histogram = msgspec.field(default_factory=Histogram)
    measured: int = 0
    """Measured requests that have ended, with an answer or without."""
    measured_failed: int = 0
    measured_tokens: float = 0.0
    """Output that arrived while the stage measured, of requests that succeeded, as if their tokens came evenly."""
    measured_ttft: Histogram = msgspec.field(default_factory=Histogram)
    nano_usd: int = 0
    """What the attempts cost by the server's own counts."""
    unpriced: int = 0
    """Attempts whose tokens have no known price."""
    unpaid_words: str = ""
    """The text of the last refusal because the credit is spent."""
    samples: list[Sample] = []
    """Of measured requests, for a level that measures until a figure is known well enough."""

    SUMS: ClassVar[tuple[str, ...]] = (
        "issued", "ended", "failed", "dropped", "started", "kept", "judged", "answered", "unanswered", "streaming",
        "unpaid", "pending", "open_measured", "busy", "in_flight", "measured", "measured_failed", "measured_tokens",
        "nano_usd", "unpriced", "idle_ns",
    )  # fmt: skip


def add_up(parts: Iterable[Counters]) -> Counters:
    """The counters of all of them together."""
    total = Counters()
    for each in parts:
        for name in Counters.SUMS:
            setattr(total, name, getattr(total, name) + getattr(each, name))
        total.e2e.join(each.e2e)
        total.ttft.join(each.ttft)
        total.measured_ttft.join(each.measured_ttft)
        total.unpaid_words = each.unpaid_words or total.unpaid_words
        total.samples += each.samples
    return total
