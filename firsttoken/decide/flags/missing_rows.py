"""What rows do not show: rows that are missing, or impossible.

Rule: what is missing may well be what failed, so a level with missing rows, or with rows set aside as impossible, is
void.
"""

from firsttoken.decide.flags.flag import Evidence, Rule, join, show
from firsttoken.decide.measure.window_data import WindowData

MOST_SET_ASIDE = 0.01
"""Of a level's attempts may be impossible, and so in no result."""


def find_lost_rows(data: WindowData) -> Evidence | None:
    """What shows that the load or its journal is not whole; else None. What is missing may well be what failed."""
    lost = sum(stage.workers_lost for stage in data.stages)
    workers = show("{lost} lost in this stage.", lost=write_lost(lost)) if lost else None
    rows = "Rows are missing: the journal differs by {missing} from the number of started attempts."
    return join([workers, show(rows, missing=data.missing) if data.missing else None])


def find_set_aside(data: WindowData) -> Evidence | None:
    """What shows that so many attempts are in no result, as they are impossible, that the level says little."""
    aside, kept = sum(data.reported.set_aside.values()), int(data.attempts.measured.sum())
    if aside <= MOST_SET_ASIDE * (aside + kept):
        return None
    reasons = ", ".join(f"{rule} ({count:,})" for rule, count in data.reported.set_aside.items())
    return show(
        "{aside} of {all} measured attempts are impossible and in no result: {reasons}; the bound is "
        "{bound}.",
        aside / (aside + kept), MOST_SET_ASIDE, "share", aside=aside, all=aside + kept, reasons=reasons,
    )  # fmt: skip


def write_lost(workers: int) -> str:
    """ "1 load process was", "2 load processes were"."""
    return f"{workers} load process{'es were' if workers > 1 else ' was'}"


RULES = {
    "SET_ASIDE": Rule(
        "more than 1 % of the attempts are impossible and in no result",
        "both",
        lambda facts: find_set_aside(facts.data),
        "answers whose times and counts are possible",
    ),
    "WORKER_LOST": Rule(
        "a load process was lost, or rows: the journal lacks started attempts",
        "both",
        lambda facts: find_lost_rows(facts.data),
        "a run with all its rows",
    ),
}
