"""Whether the load process itself was the limit: late, busy, unobserved, or failing by its own doing.

Rule: the instrument has to be right until the last measured token, which comes when the window has closed; a part of
that time without such lines counts as one in which it was not.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from firsttoken.decide.flags.delivery import find_own_lateness
from firsttoken.decide.flags.flag import Evidence, Quantity, Rule, join, show
from firsttoken.decide.measure.attempts import Bools
from firsttoken.decide.measure.health import find_seconds
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.row import Health


class Bound(NamedTuple):
    """The most that a field of the health lines may be over a measure window."""

    field: str
    over: Literal["middle", "worst"]
    """The median second, as a habit counts, or the worst one, as a single freeze does."""
    most: float
    unit: str
    what: str


BOUNDS = (
    # A busy loop of 50 ms shows as a lag of 40 to 50 ms to a probe each 5 ms.
    Bound("hub_lag_max_ms", "worst", 35.0, "ms", "the load process froze, in its worst second, for"),
    # Without a kernel's stamp a first token would be late by as much as a rule: 1 % of a second.
    Bound("hub_lag_p99_ms", "middle", 10.0, "ms", "the load process read its sockets late, in a typical second, by"),
    # With a stamp a late read costs no accuracy, but it merges events and delays the next request.
    Bound("read_delay_p99_ms", "middle", 10.0, "ms", "arrived bytes stayed unread, in a typical second, for"),
    # Above nine tenths of a core queueing inside the process grows without bound.
    Bound("cpu_share", "middle", 0.9, "of a core", "the load process used, in a typical second,"),
)
BRACKET_MS, BRACKET_SHARE = 5.0, 0.01
"""One first token in a hundred may be known to less than 5 ms, unless reads are prompt: then the server sent its first
events together, which is none of the client's doing."""
OWN_FAILURES = 0.01
"""One request in a hundred may end in an error of the load process itself."""


def find_client_limits(data: WindowData, health: Sequence[Health]) -> Evidence | None:
    """What shows that the instrument was the limit; else None. A window that went unwatched shows it too.

    It has to be right until the last measured token, which comes when the window has closed.
    """
    last_ns = data.attempts.last_token_ns[data.attempts.measured]
    until_ns = int(np.nanmax(last_ns)) if np.isfinite(last_ns).any() else 0
    lines = find_seconds([(opens, max(closes, until_ns)) for opens, closes in data.windows], health)
    if not lines:
        return show("The load process was not observed: health.jsonl has no line in the measure window.")
    by_worker: dict[int, list[Health]] = {}
    for line in lines:
        by_worker.setdefault(line.worker, []).append(line)
    found = [_exceeds(bound, own) for own in by_worker.values() for bound in BOUNDS]
    return join([*found, _find_wide_brackets(data, lines), _find_own_failures(data), find_own_lateness(data)])


def _exceeds(bound: Bound, lines: Sequence[Health]) -> Evidence | None:
    value = _summarise(lines, bound.field, bound.over)
    if value is None or value <= bound.most:
        return None
    what = bound.what[0].upper() + bound.what[1:]
    return show(
        f"{what} {{measured}} {bound.unit}; the bound is {bound.most:g} {bound.unit}.",
        value,
        bound.most,
        bound.unit,
        measured=Quantity(value, "number"),
    )


def _summarise(lines: Sequence[Health], field: str, over: Literal["middle", "worst"]) -> float | None:
    values = [value for line in lines if (value := getattr(line, field)) is not None]
    if not values:
        return None
    return float(np.median(values) if over == "middle" else max(values))


def _find_wide_brackets(data: WindowData, lines: Sequence[Health]) -> Evidence | None:
    delay_ms = _summarise(lines, "read_delay_p99_ms", "middle")
    attempts = data.attempts
    bracket_ms = (attempts.first_token_ns - attempts.first_token_early_ns)[attempts.measured] / 1e6
    stamped = bracket_ms[~np.isnan(bracket_ms)]
    share = float((stamped > BRACKET_MS).mean()) if len(stamped) else 0.0
    if share <= BRACKET_SHARE or delay_ms is None or delay_ms <= BRACKET_MS:
        return None
    return show(
        f"{{value}} of first tokens were read together with later ones, so their time is known only to "
        f"{BRACKET_MS:g} ms; the "
        "bound is {bound}.",
        share, BRACKET_SHARE, "share",
    )  # fmt: skip


def _find_own_failures(data: WindowData) -> Evidence | None:
    asked, failed = int(data.measured.sum()), int(is_own_failure(data).sum())
    if failed <= OWN_FAILURES * asked:
        return None
    return show(
        "{failed} of {asked} measured requests failed in the load process itself (client_error); the bound is {bound}.",
        failed / asked, OWN_FAILURES, "share", failed=failed, asked=asked,
    )  # fmt: skip


def is_own_failure(data: WindowData) -> Bools:
    """Measured requests whose last attempt failed by our own doing."""
    return np.asarray(data.attempts.outcome[data.requests.last] == "client_error", dtype=np.bool_) & data.measured


RULES = {
    "CLIENT_LIMITED": Rule(
        "the load process was late, busy or unobserved beyond a bound",
        "both",
        lambda facts: find_client_limits(facts.data, facts.health),
        "a load machine with spare capacity",
    )
}
