"""Whether measuring began before the crowd that a ramp brings had spread out.

Rule: users who began together ask together; after two whole answers each has asked more than once, at its own time.
"""

from firsttoken.decide.flags.flag import Evidence, Rule, show
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decoding.duration import NS

SETTLINGS = 2.0
"""Whole answers, by their p95, that users need to spread out after the ramp: each has then asked more than once."""
SETTLED_WITHIN = 0.1
"""So much of it may lack: the p95 is itself an estimate, and a stage settles by what it has seen until then."""


def find_short_settling(data: WindowData) -> Evidence | None:
    """What shows that the first measured requests may have met a crowd that was still forming; else None."""
    needed_s = SETTLINGS * data.request_ns / NS
    if data.settled_s is None or data.settled_s >= (1 - SETTLED_WITHIN) * needed_s:
        return None
    return show(
        "Users settled for {value} before measuring began; twice the p95 of a whole answer is {bound} (load.settle).",
        1000 * data.settled_s, 1000 * needed_s, "ms",
    )  # fmt: skip


RULES = {
    "UNSETTLED": Rule(
        "measuring began sooner than twice the p95 of a whole answer after the ramp",
        "nothing",
        lambda facts: find_short_settling(facts.data),
    )
}
