"""Whether the measurement is worth an answer: one table of flags, each with its rule and its evidence.

Rule: a flag that voids both keeps its level from passing and from failing, because what was seen there may be the
instrument or the plan and not the server. One that voids a pass marks a level that may be worse than it looks: it can
fail, and cannot pass. Any other flag says how to read the results.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from firsttoken.decide.flags.buffering import find_buffered
from firsttoken.decide.flags.client_limits import find_client_limits
from firsttoken.decide.flags.delivery import fails_anyway, find_missing_load
from firsttoken.decide.flags.endings import find_ignored_cap, find_impossible_usage, find_unknown_finish
from firsttoken.decide.flags.evidence import Evidence
from firsttoken.decide.flags.identity import find_changed_endpoint, find_spread_endpoint
from firsttoken.decide.flags.missing_rows import find_censored, find_lost_rows, find_set_aside, write_lost
from firsttoken.decide.flags.pace import find_unknown_pace
from firsttoken.decide.flags.quota import find_quota_bound, find_unexplained_refusals, find_untold_quota, tell_share
from firsttoken.decide.flags.settling import find_short_settling
from firsttoken.decide.measure.cost import find_unpriced
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.measure.workload import WorkloadFacts
from firsttoken.decide.metrics.table import key_of
from firsttoken.decide.metrics.value import MetricKey
from firsttoken.row import By, Health, Manifest
from firsttoken.stats.estimate import Estimate

Scope = Literal["attempt", "level", "run"]
Voids = Literal["nothing", "pass", "both"]
"""Which answers a flag forbids its level."""
Shown = Literal["validity", "terminal", "warning", "remark"]
"""Where a flag is told: on the page on validity; in the terminal too; there and as a warning of page one; or among what
page one says of a target's answers."""


class Rule(NamedTuple):
    """When a flag is raised, what it does to the answer, and what a measurement needs to have one."""

    rule: str
    scope: Scope
    voids: Voids
    remedy: str = ""
    shown: Shown = "validity"
    """What forbids a pass is in the terminal in any case."""


RULES: dict[str, Rule] = {
    "SET_ASIDE": Rule(
        "more than 1 % of the attempts are impossible and in no result",
        "level",
        "both",
        "answers whose times and counts are possible",
    ),
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
        "terminal",
    ),
    "WORKER_LOST": Rule(
        "a load process was lost, or rows: the journal lacks attempts that were started",
        "level",
        "both",
        "a run whose rows are all there",
    ),
    "ENDPOINT_CHANGED": Rule(
        "another model or tier than was asked for, or several of them, answered",
        "level",
        "pass",
        "one model, at one tier, that answers everything",
        "remark",
    ),
    "BUFFERED": Rule(
        "more than 5 % of the answers came whole or in one burst, though they are streams",
        "level",
        "pass",
        "a way to the server that holds no stream back (no buffering, no compression)",
        "remark",
    ),
    "UNKNOWN_FINISH": Rule(
        "more than 1 % of the answers ended with an unknown finish reason",
        "level",
        "pass",
        "a server whose finish reasons say whether an answer is whole",
        "remark",
    ),
    "PACE_UNKNOWN": Rule(
        "a limit is set on the pace, and the pace of more than 1 % of the answers is unknown",
        "level",
        "nothing",
        "a server that reports its usage and holds no stream back, or an SLO without slo.tpot",
    ),
    "CAP_IGNORED": Rule("answers are longer than the cap that was asked for", "level", "nothing", shown="remark"),
    "USAGE_IMPOSSIBLE": Rule("answers reported impossible token counts", "level", "nothing", shown="remark"),
    "ENDPOINT_SPREAD": Rule("several deployments, builds or addresses of the model answered", "level", "nothing"),
    "CENSORED": Rule("requests were cut off before it was known how they would end", "level", "nothing"),
    "UNSETTLED": Rule("measuring began sooner than twice the p95 of a whole answer after the ramp", "level", "nothing"),
    "QUOTA_BOUND": Rule(
        "the account's quota held the load back: capacity is the quota's", "level", "nothing", shown="terminal"
    ),
    "QUOTA_UNTOLD": Rule(
        "a share of the quota was asked for, and no answer reported the quota", "level", "nothing", shown="warning"
    ),
    "UNEXPLAINED_429": Rule(
        "attempts were turned away by something that reports no quota", "level", "nothing", shown="terminal"
    ),
    "PRICE_UNKNOWN": Rule(
        "no price is stated for some answers: dollars are unknown", "level", "nothing", shown="warning"
    ),
    "BUDGET_STOPPED": Rule("a cap of the budget, or spent credit, ended the run before its plan", "run", "nothing"),
    "UNDERSAMPLED": Rule("too few requests to show that the SLO is met, even if all had met it", "level", "nothing"),
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
    value: float | None = None
    bound: float | None = None
    """The number that decided, and what it may be at most; None where it was not one number."""
    by: By = "users"
    """What `level` counts."""

    @property
    def is_void(self) -> bool:
        """Whether nothing that its level showed counts."""
        return self.voids == "both"

    @property
    def bars_pass(self) -> bool:
        """Whether its level cannot pass."""
        return self.voids != "nothing"


def find_flags(
    data: WindowData, results: Mapping[MetricKey, Estimate], health: Sequence[Health], workload: WorkloadFacts
) -> list[Flag]:
    """The flags of one set of window data of one stage, those that void it first."""
    set_aside = find_set_aside(data)
    found: dict[str, str | Evidence | None] = {
        "SET_ASIDE": set_aside,
        "WORKER_LOST": find_lost_rows(data),
        "CLIENT_LIMITED": find_client_limits(data, health),
        "NOT_DELIVERED": "" if set_aside else _find_undelivered(data, workload),
        "ENDPOINT_CHANGED": find_changed_endpoint(data, workload),
        "BUFFERED": find_buffered(data),
        "UNKNOWN_FINISH": find_unknown_finish(data),
        "PACE_UNKNOWN": find_unknown_pace(data),
        "CAP_IGNORED": find_ignored_cap(data, workload),
        "USAGE_IMPOSSIBLE": find_impossible_usage(data),
        "ENDPOINT_SPREAD": find_spread_endpoint(data),
        "QUOTA_BOUND": find_quota_bound(data, workload.output_tokens),
        "QUOTA_UNTOLD": find_untold_quota(data, workload.quota_share),
        "UNEXPLAINED_429": find_unexplained_refusals(data, workload.simulated),
        "PRICE_UNKNOWN": find_unpriced(data.attempts, data.source),
        "CENSORED": find_censored(data, results),
        "UNSETTLED": find_short_settling(data),
    }
    flags = [raise_flag(name, data, evidence) for name, evidence in found.items() if evidence]
    if fails_anyway(results[key_of(data, "attainment")], data, data.slo.share):
        return [_stand(flag) if flag.name == "NOT_DELIVERED" else flag for flag in flags]
    return flags


def _find_undelivered(data: WindowData, workload: WorkloadFacts) -> str:
    """What shows that less, or other load was brought than was asked for, and what the run itself had to do with it."""
    missing = find_missing_load(data, workload.think_s)
    return missing and f"{missing}{tell_share(data, workload.quota_share)}"


def raise_flag(name: str, data: WindowData, shown: str | Evidence) -> Flag:
    """The flag of that name at the level and repeat of an observation."""
    rule, evidence = RULES[name], shown if isinstance(shown, Evidence) else Evidence(shown)
    return Flag(
        name=name, scope=rule.scope, target=data.target, level=data.level, repeat=data.repeat, voids=rule.voids,
        evidence=evidence.words, value=evidence.value, bound=evidence.bound, by=data.stages[0].by,
    )  # fmt: skip


def _stand(flag: Flag) -> Flag:
    """The same where what was brought missed the SLO already, so that what is missing could not have met it."""
    evidence = f"{flag.evidence} The SLO was missed even so, and the answer stands."
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
