"""The parts of a sentence that pages share: lists of names, shares, loads, sources, what failed.

Rule: a name or a number is written in one way on every page.
"""

from collections.abc import Sequence

from firsttoken.catalogue import Source
from firsttoken.decide.study import Study
from firsttoken.decide.words.failure_words import describe_failures
from firsttoken.decide.words.units import UNKNOWN
from firsttoken.scenario.format import Demand

MOST_NAMED = 3
"""Targets that a headline names."""


def join_words(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def name_ends(words: Sequence[str], most: int = MOST_NAMED) -> str:
    """What is said of each target, the first being the most: of many only the first two and the last."""
    if len(words) <= most:
        return join_words(words)
    left = len(words) - most
    return f"{', '.join(words[: most - 1])} … {words[-1]} ({left} more between)"


def join_loads(study: Study, levels: Sequence[float]) -> str:
    """Several levels in the run's own words: "1, 4 and 16 users"."""
    return join_words([*(study.unit.number(level) for level in levels[:-1]), *map(study.unit.write, levels[-1:])])


def write_load(study: Study, about: float) -> str:
    """A load that was not run, in the run's own words: whole users, or a rate: "75 users", "5.2 requests/s"."""
    return study.unit.write(round(about) if study.unit.by == "users" else about)


def write_percent(share: float) -> str:
    """A share in whole per cent, for sentences: "80 %", "under 1 %"."""
    return "under 1 %" if 0 < share < 0.01 else f"{100 * share:.0f} %"


def write_source(source: Source | None) -> str:
    """The name of a dated source: "A published comparison, 2026"."""
    return UNKNOWN if source is None else ", ".join(filter(None, (source.title, source.read)))


def write_demand(demand: Demand) -> str:
    """What a demand asks for: "31,000 requests a day"."""
    if demand.output_tokens_per_day is not None:
        return f"{demand.output_tokens_per_day:,.0f} output tokens a day"
    return f"{demand.requests_per_day or 0:,.0f} requests a day"


def describe_run_failures(study: Study) -> str:
    """What failed in a run, in one sentence; empty where nothing did."""
    if not study.failures:
        return ""
    return describe_failures(study.failures, sum(each.attempts for each in study.endings.values()))


def explain_failures(study: Study) -> str:
    """What failed, to follow a sentence that too little succeeded; empty where nothing did."""
    failed = describe_run_failures(study)
    return f": {failed}" if failed else ""
