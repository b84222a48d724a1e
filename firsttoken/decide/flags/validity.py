"""Whether the measurement is worth an answer: the one table of flags, gathered from the files that find them.

Rule: a flag that voids both keeps its level from passing and from failing, because what was seen there may be the
instrument or the plan and not the server. One that voids a pass marks a level that may be worse than it looks: it can
fail, and cannot pass. Any other flag says how to read the results.
"""

from firsttoken.decide.flags import (
    buffering,
    client_limits,
    cut_off,
    delivery,
    endings,
    identity,
    missing_rows,
    pace,
    prices,
    quota,
    sample_size,
    settling,
)
from firsttoken.decide.flags.flag import Evidence, Flag, Rule, WindowFacts, say
from firsttoken.decide.flags.missing_rows import write_lost
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.row import Manifest

FILES = (
    *(missing_rows, client_limits, delivery, identity, buffering, endings, pace, quota, prices, cut_off, settling),
    sample_size,
)
OF_A_RUN = {
    "BUDGET_STOPPED": Rule(
        "a cap of the budget, or spent credit, ended the run before its plan was done",
        "nothing",
        scope="run",
    )
}
SEVERITY = ("both", "pass", "nothing")

RULES: dict[str, Rule] = dict(
    sorted(
        [*(entry for file in FILES for entry in file.RULES.items()), *OF_A_RUN.items()],
        key=lambda entry: SEVERITY.index(entry[1].voids),
    )
)
"""Flag -> its rule, those that void most first."""


def find_flags(facts: WindowFacts) -> list[Flag]:
    """The flags of the data of one stage, those that void most first."""
    found = {name: rule.find(facts) for name, rule in RULES.items() if rule.find}
    return [raise_flag(name, facts.data, evidence) for name, evidence in found.items() if evidence]


def raise_flag(name: str, data: WindowData, shown: Evidence) -> Flag:
    """The flag of that name at the level and repeat of a window's data."""
    rule = RULES[name]
    return Flag(
        name=name, scope=rule.scope, target=data.target, level=data.level, repeat=data.repeat,
        voids="nothing" if shown.stands else rule.voids, sentences=shown.sentences, value=shown.value,
        bound=shown.bound, unit=shown.unit, by=data.stages[0].by,
    )  # fmt: skip


def flag_manifest(manifest: Manifest) -> list[Flag]:
    """The flags of the run as a whole; none of them voids a level."""
    lost = manifest.workers_lost_between
    found = {
        "BUDGET_STOPPED": manifest.budget or "",
        "WORKER_LOST": f"{write_lost(lost)} lost while no stage ran; the others continued" if lost else "",
    }
    return [_flag_run(name, reason) for name, reason in found.items() if reason]


def _flag_run(name: str, reason: str) -> Flag:
    said = say("{reason}.", reason=f"{reason[:1].upper()}{reason[1:].rstrip('.')}")
    return Flag(name=name, scope="run", target="", level=None, repeat=None, voids="nothing", sentences=(said,))
