"""Is a share above or below the SLO? Asked again after every request, and still right 95 times in 100.

The interval of a fixed sample is right once. Looked at after each of a thousand requests until it happens to lie on one
side, it calls a dead-even case about four times in ten. What may be looked at whenever one likes is a martingale: the
likelihood of what was seen, averaged over shares q drawn from Beta(a, b), over its likelihood at a share p,

    M(p) = B(a + met, b + missed) / B(a, b) / (p^met (1 - p)^missed)

which has mean 1 for ever where p is the truth, so that it ever reaches 1 / alpha with probability alpha at most (Ville
1939; Robbins 1970, Annals of Mathematical Statistics 41, 1397-1409). The shares where it has not are an interval, and
with probability 1 - alpha the true one lies in all of these intervals at once. B is the beta function; a and b are
5 share and 5 (1 - share), a belief in what is asked that is worth five requests.

How many requests it takes, on average, to decide about a share of 0.95 where in truth so many meet the SLO:

    truth      1.00   0.99   0.98   0.97   0.92   0.90   0.80   0.50   0
    requests     73    150    340    950    670    260     40      8   3

Rule: requests count in the order in which they were intended, from the first to the last that is counted; those that
end soonest are not like the others. They are treated as independent, which requests in one queue are not: who asks
leaves out those of the settling, lets two end-to-end times of a request pass at least, or gives the design effect.
"""

import math
from collections.abc import Callable
from typing import Literal

from firsttoken.stats.estimate import Estimate, nothing

BELIEF = 5
"""How many requests the belief before the first one is worth; 4 to 10 decide in about the fewest."""
HALVINGS = 60
"""Where the search for an interval's end stops: the resolution of a double."""


def decide_share(
    met: int, judged: int, share: float, alpha: float = 0.05, design_effect: float = 1.0
) -> Literal["keeps", "fails"] | None:
    """Whether more ("keeps") or less ("fails") than `share` of requests meet the SLO; None: not known yet.

    `met` of `judged` did. However often it is asked, it is ever wrong with probability alpha at most. design_effect:
    how many requests are worth an independent one, n / n_eff (Kish 1965, Survey Sampling, 8.2). A share of 1 is never
    known to be met, and fails with the first request that misses the SLO. Raises ValueError for a share outside
    (0, 1] and for counts that contradict each other.
    """
    _check(met, judged, share)
    evidence = _weigh(met / design_effect, judged / design_effect, share)
    if evidence(share) < -math.log(alpha):
        return None
    return "keeps" if met > judged * share else "fails"


def share_interval(
    met: int, judged: int, share: float, alpha: float = 0.05, design_effect: float = 1.0, undecided: int = 0
) -> Estimate:
    """The share met / judged with an interval that holds at every look; `decide_share` decides once it leaves `share`.

    undecided: requests among the judged, not among those that met it, that were cut off too early. The lower
    end counts them as missed and the upper end as met, as `proportion_interval` does.
    """
    _check(met + undecided, judged, share)
    if judged == 0:
        return nothing()
    n_eff, needed = judged / design_effect, -math.log(alpha)
    least, most = (_weigh(count / design_effect, n_eff, share) for count in (met, met + undecided))
    lo = _find_end(least, inside=met / judged, outside=0.0, needed=needed)
    hi = _find_end(most, inside=(met + undecided) / judged, outside=1.0, needed=needed)
    return Estimate(met / judged, lo, hi, judged, n_eff, at_least=undecided > 0)


def _check(met: int, judged: int, share: float) -> None:
    if not (0 <= met <= judged and 0 < share <= 1):
        raise ValueError(f"expected 0 <= met <= judged and 0 < share <= 1, got {met}, {judged} and {share}")


def _weigh(met: float, judged: float, share: float) -> Callable[[float], float]:
    """ln M(p) as a function of p."""
    missed = judged - met
    a, b = BELIEF * share, BELIEF * (1 - share)
    mixed = _log_beta(a + met, b + missed) - _log_beta(a, b) if b else 0.0

    def evidence(p: float) -> float:
        if (p == 0 and met) or (p == 1 and missed):
            return math.inf
        return mixed - (met * math.log(p) if met else 0.0) - (missed * math.log1p(-p) if missed else 0.0)

    return evidence


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _find_end(evidence: Callable[[float], float], *, inside: float, outside: float, needed: float) -> float:
    """Where, between a share that the evidence allows and one at the edge, it begins to speak against it."""
    if evidence(outside) < needed:
        return outside
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if evidence(middle) < needed:
            inside = middle
        else:
            outside = middle
    return outside
