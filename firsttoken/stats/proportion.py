"""A share of requests with its interval: Clopper and Pearson's, whose coverage is never below what it says.

Bounds are quantiles of Beta distributions, Beta(k, n-k+1) below and Beta(k+1, n-k) above (Clopper & Pearson 1934,
Biometrika 26, 404-413). A gate wants this one: Wilson's is narrower but covers less than the SLO asks for near 0 and 1,
where shares of requests that met the SLO live.
"""

from scipy.stats import beta

from firsttoken.stats.estimate import Estimate, nothing


def proportion_interval(
    hits: int, n: int, n_eff: float | None = None, confidence: float = 0.95, undecided: int = 0
) -> Estimate:
    """The share hits / n; an n_eff below n widens the interval as that many independent trials would.

    undecided: trials among the n, not among the hits, that were cut off before they could pass or fail. The lower
    end counts them as failed and the upper end as passed; the value is the share that is certain, `at_least`.
    """
    if not 0 <= hits <= hits + undecided <= n:
        raise ValueError(f"expected 0 <= hits + undecided <= n, got hits {hits}, undecided {undecided}, n {n}")
    if n == 0:
        return nothing()
    n_eff = float(n) if n_eff is None else min(float(n_eff), float(n))
    tail = (1 - confidence) / 2
    low, high = hits / n * n_eff, (hits + undecided) / n * n_eff
    lo = 0.0 if low == 0 else float(beta.ppf(tail, low, n_eff - low + 1))
    hi = 1.0 if high == n_eff else float(beta.ppf(1 - tail, high + 1, n_eff - high))
    return Estimate(hits / n, lo, hi, n, n_eff, at_least=undecided > 0)
