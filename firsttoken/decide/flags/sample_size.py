"""How many requests it takes to show that a share of them meets the SLO.

Rule: a level too small for any outcome to pass says so, however its requests fared.
"""

import math

from firsttoken.decide.flags.flag import Evidence, Quantity, Rule, show
from firsttoken.stats.estimate import Estimate


def find_undersampled(attainment: Estimate, share: float) -> Evidence | None:
    """What shows that no outcome of so few requests could have passed; else None."""
    if share >= 1:
        return show("No number of requests can show that all meet the SLO; set a share below 100 %.")
    needed = requests_needed(share)
    if attainment.n_eff >= needed:
        return None
    worth = "" if round(attainment.n_eff) >= attainment.n else f", worth {attainment.n_eff:.0f} independent ones"
    requests = "1 measured request is" if attainment.n == 1 else f"{attainment.n} measured requests{worth} are"
    return show(
        f"{requests} too few: at least {needed} are needed to show that {{share}} meet the SLO.",
        attainment.n_eff, needed, "requests", share=Quantity(share, "share"),
    )  # fmt: skip


def requests_needed(share: float, confidence: float = 0.95) -> int:
    """How many requests, all of which meet the SLO, show that a share below 1 does: (1 - c) / 2 = share^n."""
    return math.ceil(math.log((1 - confidence) / 2) / math.log(share))


RULES = {
    "UNDERSAMPLED": Rule("too few requests to show that the SLO is met, even if all had met it", "nothing"),
}
"""Found once its level has no answer, whatever its requests did."""
