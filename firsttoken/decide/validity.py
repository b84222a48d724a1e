"""Whether the measurement is worth an answer: one table of flags, each with its rule and its evidence.

Rule: a flag that voids both keeps its level from passing and from failing, because what was seen there may be the
instrument or the plan and not the server. One that voids a pass marks a level that may be worse than it looks: it can
fail, and cannot pass. Any other flag says how to read the figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from firsttoken.decide.asked import Asked
from firsttoken.decide.attempts import Bools
from firsttoken.decide.delivery import fails_anyway, find_missing_load, find_own_lateness
from firsttoken.decide.measures import Key
from firsttoken.decide.observation import Observation, Window
from firsttoken.decide.quota import find_quota_bound, find_untold_quota, tell_share
from firsttoken.decide.units import round_significant, write_share, write_value
from firsttoken.row import Health, Manifest
from firsttoken.stats.estimate import Estimate

SECOND_NS = 1_000_000_000


Scope = Literal["attempt", "level", "run"]
Voids = Literal["nothing", "pass", "both"]
"""Which answers a flag forbids its level."""


class Rule(NamedTuple):
    """When a flag is raised, what it does to the answer, and what a measurement needs to have one."""

    rule: str
    scope: Scope
    voids: Voids
    remedy: str = ""


RULES: dict[str, Rule] = {
    "CLIENT_LIMITED": Rule(
        "the load process was late, busy or unobserved past a bound of the table",
        "level",
        "both",
        "a load machine with time to spare",
    ),
    "NOT_DELIVERED": Rule(
        "the users at work, or the arrivals begun, were off by more than 2 %",
        "level",
        "both",
        "a run that brings all of the load that was asked for",
    ),
    "WORKER_LOST": Rule(
        "a load process was lost, or rows: the journal has not what was started",
        "level",
        "both",
        "a run whose rows are all there",
    ),
    "CENSORED": Rule("requests were cut off before it was known how they would end", "level", "nothing"),
    "UNSETTLED": Rule("measuring began sooner than twice the p95 of a whole answer after the ramp", "level", "nothing"),
    "QUOTA_BOUND": Rule("the account's quota held the load back: capacity is the quota's", "level", "nothing"),
    "QUOTA_UNTOLD": Rule("a share of the quota was asked for, and no answer told the quota", "level", "nothing"),
    "BUDGET_STOPPED": Rule("a cap of the budget ended the run before its plan", "run", "nothing"),
    "UNDERSAMPLED": Rule("too few requests to show that the promise holds, even had all kept it", "level", "nothing"),
}
"""Flag -> its rule."""


class Flag(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that was found true, and the sentence that shows it."""

    name: str
    scope: Scope
    target: str
    level: float | None
    repeat: int | None
    voids: Voids
    evidence: str
    by: Literal["users", "rate"] = "users"
    """What `level` counts."""

    @property
    def is_void(self) -> bool:
        """Whether nothing that its level showed counts."""
        return self.voids == "both"

    @property
    def bars_pass(self) -> bool:
        """Whether its level cannot pass."""
        return self.voids != "nothing"


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
    Bound("hub_lag_p99_ms", "middle", 10.0, "ms", "the load process came late to its sockets, in a typical second, by"),
    # With a stamp a late read costs no accuracy, but it merges events and delays the next request.
    Bound("read_delay_p99_ms", "middle", 10.0, "ms", "arrived bytes lay unread, in a typical second, for"),
    # Above nine tenths of a core queueing inside the process grows without bound.
    Bound("cpu_share", "middle", 0.9, "of a core", "the load process used, in a typical second,"),
)
BRACKET_MS, BRACKET_SHARE = 5.0, 0.01
"""One first token in a hundred may be known to less than 5 ms, unless reads are prompt: then the server sent its first
events together, which is none of the client's doing."""
OWN_FAILURES = 0.01
"""One request in a hundred may end in an error of the load process itself."""
SETTLINGS = 2.0
"""Whole answers, by their p95, that users need to spread out after the ramp: each has then asked more than once."""
SETTLED_WITHIN = 0.1
"""So much of it may lack: the p95 is itself an estimate, and a stage settles by what it has seen until then."""


def find_flags(
    seen: Observation, figures: Mapping[Key, Estimate], health: Sequence[Health], asked: Asked
) -> list[Flag]:
    """The flags of one observation of one stage."""
    found = {
        "WORKER_LOST": find_lost_rows(seen),
        "CLIENT_LIMITED": find_client_limits(seen, health),
        "NOT_DELIVERED": _find_undelivered(seen, asked),
        "QUOTA_BOUND": find_quota_bound(seen, asked.output_tokens),
        "QUOTA_UNTOLD": find_untold_quota(seen, asked.quota_share),
        "CENSORED": find_censored(seen, figures),
        "UNSETTLED": find_short_settling(seen),
    }
    flags = [raise_flag(name, seen, evidence) for name, evidence in found.items() if evidence]
    if fails_anyway(figures["attainment", None], seen, seen.promise.share):
        return [_stand(flag) if flag.name == "NOT_DELIVERED" else flag for flag in flags]
    return flags


def _find_undelivered(seen: Observation, asked: Asked) -> str:
    """What shows that less, or other load was brought than was asked for, and what the run itself had to do with it."""
    missing = find_missing_load(seen, asked.think_s)
    return missing and f"{missing}{tell_share(seen, asked.quota_share)}"


def raise_flag(name: str, seen: Observation, evidence: str) -> Flag:
    """The flag of that name at the level and repeat of an observation."""
    rule = RULES[name]
    return Flag(
        name=name, scope=rule.scope, target=seen.target, level=seen.level, repeat=seen.repeat, voids=rule.voids,
        evidence=evidence, by=seen.stages[0].by,
    )  # fmt: skip


def _stand(flag: Flag) -> Flag:
    """The same where what was brought broke the promise already, so that what is missing could not have kept it."""
    evidence = f"{flag.evidence} The promise was broken even so, and the answer stands."
    return msgspec.structs.replace(flag, voids="nothing", evidence=evidence)


def flag_manifest(manifest: Manifest) -> list[Flag]:
    """The flags of the run as a whole; none of them voids a level."""
    lost = manifest.workers_lost_between
    found = {
        "BUDGET_STOPPED": manifest.budget or "",
        "WORKER_LOST": f"{write_lost(lost)} lost while no stage ran; the others drove what followed" if lost else "",
    }
    return [_flag_run(name, reason) for name, reason in found.items() if reason]


def _flag_run(name: str, reason: str) -> Flag:
    evidence = f"{reason[:1].upper()}{reason[1:].rstrip('.')}."
    return Flag(name=name, scope="run", target="", level=None, repeat=None, voids="nothing", evidence=evidence)


def write_lost(workers: int) -> str:
    """ "1 load process was", "2 load processes were"."""
    return f"{workers} load process{'es were' if workers > 1 else ' was'}"


def find_client_limits(seen: Observation, health: Sequence[Health]) -> str:
    """What shows that the instrument was the limit, or nothing; a window that went unwatched shows it too.

    It has to be right until the last measured token, which comes when the window has closed.
    """
    last_ns = seen.attempts.last_token_ns[seen.attempts.measured]
    until_ns = int(np.nanmax(last_ns)) if np.isfinite(last_ns).any() else 0
    lines = find_seconds([(opens, max(closes, until_ns)) for opens, closes in seen.windows], health)
    if not lines:
        return "Nobody watched the load process: no line of health.jsonl falls into the measure window."
    by_worker: dict[int, list[Health]] = {}
    for line in lines:
        by_worker.setdefault(line.worker, []).append(line)
    found = [text for own in by_worker.values() for bound in BOUNDS if (text := _exceeds(bound, own))]
    found += [*_find_wide_brackets(seen, lines), *_find_own_failures(seen), find_own_lateness(seen)]
    return " ".join(filter(None, dict.fromkeys(found)))


def find_seconds(windows: Sequence[Window], health: Sequence[Health]) -> list[Health]:
    """The lines that sum up a part of these windows.

    A line sums up what passed since the line before of the same process: a second, or longer where that was frozen.
    """
    before: dict[int, int] = {}
    found = []
    for line in health:
        since_ns = min(before.get(line.worker, line.at_ns), line.at_ns - SECOND_NS)
        before[line.worker] = line.at_ns
        if any(line.at_ns > opens and since_ns < closes for opens, closes in windows):
            found.append(line)
    return found


def _exceeds(bound: Bound, lines: Sequence[Health]) -> str | None:
    value = _summarise(lines, bound.field, bound.over)
    if value is None or value <= bound.most:
        return None
    sentence = f"{bound.what} {round_significant(value)} {bound.unit}; the bound is {bound.most:g} {bound.unit}."
    return sentence[0].upper() + sentence[1:]


def _summarise(lines: Sequence[Health], field: str, over: Literal["middle", "worst"]) -> float | None:
    values = [value for line in lines if (value := getattr(line, field)) is not None]
    if not values:
        return None
    return float(np.median(values) if over == "middle" else max(values))


def _find_wide_brackets(seen: Observation, lines: Sequence[Health]) -> list[str]:
    delay_ms = _summarise(lines, "read_delay_p99_ms", "middle")
    attempts = seen.attempts
    bracket_ms = (attempts.first_token_ns - attempts.first_token_early_ns)[attempts.measured] / 1e6
    stamped = bracket_ms[~np.isnan(bracket_ms)]
    share = float((stamped > BRACKET_MS).mean()) if len(stamped) else 0.0
    if share <= BRACKET_SHARE or delay_ms is None or delay_ms <= BRACKET_MS:
        return []
    return [
        f"{write_share(share)} of first tokens lay unread among later ones and are known to no better than "
        f"{BRACKET_MS:g} ms; the bound is {write_share(BRACKET_SHARE)}."
    ]


def _find_own_failures(seen: Observation) -> list[str]:
    asked, failed = int(seen.measured.sum()), int(_failed_here(seen).sum())
    if failed <= OWN_FAILURES * asked:
        return []
    return [
        f"{failed:,} of {asked:,} measured requests failed in the load process itself (client_error); the bound is "
        f"{write_share(OWN_FAILURES)}."
    ]


def _failed_here(seen: Observation) -> Bools:
    """Measured requests whose last attempt failed by our own doing."""
    return np.asarray(seen.attempts.outcome[seen.requests.last] == "client_error", dtype=np.bool_) & seen.measured


def find_lost_rows(seen: Observation) -> str:
    """What shows that the load or its journal is not whole, or nothing: what is missing may well be what failed."""
    lost = sum(stage.workers_lost for stage in seen.stages)
    workers = f"{write_lost(lost)} lost in this stage." if lost else ""
    rows = f"Rows are missing: the journal is {seen.missing:,} off the number of attempts that were started."
    return " ".join(filter(None, [workers, rows if seen.missing else ""]))


def find_censored(seen: Observation, figures: Mapping[Key, Estimate]) -> str:
    """What was cut off so early that a figure is only a bound, or nothing."""
    if not any(figure.at_least for figure in figures.values()):
        return ""
    ours, asked = _failed_here(seen), int(seen.measured.sum())
    cut_off = int((seen.requests.unjudged & seen.measured & ~ours).sum())
    failed = f"; failed in the load process itself: {int(ours.sum())}" if ours.any() else ""
    cut = f"Cut off before they ended: {cut_off} of {asked} measured requests{failed}"
    return f"{cut}. Figures that they touch are bounds."


def find_short_settling(seen: Observation) -> str:
    """What shows that the first measured requests may have met a crowd that was still forming, or nothing."""
    needed_s = SETTLINGS * seen.request_ns / SECOND_NS
    if seen.settled_s is None or seen.settled_s >= (1 - SETTLED_WITHIN) * needed_s:
        return ""
    return (
        f"Users settled for {write_value(1000 * seen.settled_s, 'ms')} before measuring began; twice the p95 of a "
        f"whole answer is {write_value(1000 * needed_s, 'ms')} (load.settle)."
    )


def find_undersampled(attainment: Estimate, share: float) -> str:
    """What shows that no outcome of so few requests could have passed, or nothing."""
    if share >= 1:
        return "No number of requests can show that every one keeps the promise; ask for a share below 100 %."
    needed = requests_needed(share)
    if attainment.n_eff >= needed:
        return ""
    worth = "" if round(attainment.n_eff) >= attainment.n else f", worth {attainment.n_eff:.0f} independent ones"
    return (
        f"{attainment.n} measured requests{worth} are too few: at least {needed} are needed to show that "
        f"{write_share(share)} keep the promise."
    )


def requests_needed(share: float, confidence: float = 0.95) -> int:
    """How many requests, all of which keep the promise, show that a share below 1 does: (1 - c) / 2 = share^n."""
    return math.ceil(math.log((1 - confidence) / 2) / math.log(share))
