"""What was tested, until when that may be relied on, and what was not: the words of page one.

Rule: plain words; what the load was is said as the scenario asks for it.
"""

from firsttoken.decide.words.lengths import Lengths, describe_lengths
from firsttoken.decide.words.load_unit import LoadUnit
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.load import Load
from firsttoken.scenario.target import Target

DAYS_TO_RELY_ON = 30
CLOSED_LOOP = "Requests that arrive without waiting for answers."
HOURS = "Hours of steady load, and other times of the day."


def list_untested(scenario: Scenario, target: Target, unit: LoadUnit, top: float | None, confirmed: bool) -> list[str]:
    """What a reader may think was tested and was not.

    `top` is the highest level that was run; `confirmed` says whether an open loop was run beside a closed one.
    """
    demand, shape = scenario.demand, shape_of(scenario)
    above = f"More than {unit.write(top)}{' at once' if unit.by == 'users' else ''}." if top else ""
    untested = {
        "The real service: a simulator answered.": not target.base_url,
        CLOSED_LOOP: unit.by == "users" and not confirmed,
        above: bool(top),
        "The peak: none is stated.": demand is None or demand.peak_rps is None,
        "Prompts with a shared beginning, which a cache answers sooner.": scenario.traffic.cache == "cold",
        HOURS: shape != "soak",
        "Other times of the day.": shape == "soak",
    }
    return [sentence for sentence, holds in untested.items() if holds]


def describe_scope(
    scenario: Scenario, target: Target, unit: LoadUnit, top: float | None, lengths: Lengths, started_utc: str
) -> str:
    """What was tested, and until when that may be relied on; started_utc is an RFC 3339 time."""
    place = "the built-in simulator" if not target.base_url else target.base_url
    return (
        f"{target.model} at {place}, {describe_load(scenario, unit, top)}, {describe_lengths(lengths)}. "
        f"Expires {DAYS_TO_RELY_ON} days after {started_utc[:10]}, or when endpoint, price or prompts change."
    )


def describe_load(scenario: Scenario, unit: LoadUnit, top: float | None) -> str:
    """The load as the scenario asks for it, up to `top`, the highest level that was run: "1 to 64 users"."""
    load = scenario.load
    if shape := shape_of(scenario):
        return unit._replace(shape=shape).describe_profile(top) if top else f"the load profile {shape}"
    if load.search is not None:
        return f"a search from {unit.number(load.search.from_)} to {unit.write(load.search.to)}"
    return _ladder(load, unit)


def shape_of(scenario: Scenario) -> str:
    """The name of the load profile; empty where the load is constant."""
    return "trace" if scenario.traffic.trace else scenario.load.shape


def _ladder(load: Load, unit: LoadUnit) -> str:
    levels = load.users or load.rate
    if len(levels) == 1:
        return unit.write(levels[0])
    return f"{unit.number(levels[0])} to {unit.write(levels[-1])}"
