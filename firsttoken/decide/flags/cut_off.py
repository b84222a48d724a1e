"""Requests that were cut off before they ended: they make bounds of the results that they touch."""

from firsttoken.decide.flags.client_limits import is_own_failure
from firsttoken.decide.flags.flag import Evidence, Rule, WindowFacts, show


def find_censored(facts: WindowFacts) -> Evidence | None:
    """What was cut off so early that a result is only a bound; else None."""
    data = facts.data
    if not any(result.at_least for result in facts.results.values()):
        return None
    ours, asked = is_own_failure(data), int(data.measured.sum())
    cut_off = int((data.requests.unjudged & data.measured & ~ours).sum())
    if not cut_off and not ours.any():
        return None
    failed = f"; failed in the load process itself: {int(ours.sum())}" if ours.any() else ""
    cut = f"Cut off before their end: {cut_off} of {asked} measured requests{failed}"
    return show(f"{cut}. Results that include them are bounds.")


RULES = {"CENSORED": Rule("requests were cut off before their end", "nothing", find_censored)}
