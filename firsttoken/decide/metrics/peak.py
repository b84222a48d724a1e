"""What a target showed beyond a single window: an answer confirmed, a recovery, and the load that its peak needs."""

from msgspec.structs import replace

from firsttoken.decide.metrics.metric import Metric, OfConfirmation, OfRecovery, OfTarget, TargetFacts, Term
from firsttoken.decide.metrics.value import MetricValue
from firsttoken.stats.estimate import Estimate, exact


def confirmed_rate(rate: float, share: MetricValue) -> MetricValue:
    """The rate at which a search's answer was tried again in open loop."""
    return replace(share, value=rate, lo=None, hi=None)


def confirmed_share(rate: float, share: MetricValue) -> MetricValue:
    """The share of requests that met the SLO there."""
    return share


def needed_rate(facts: TargetFacts) -> Estimate | None:
    """The peak with its headroom, in requests a second."""
    return exact(facts.need.rps, 0) if facts.need else None


def needed_users(facts: TargetFacts) -> Estimate | None:
    """How many users that is, by Little's law."""
    return exact(facts.need.users, 0) if facts.need else None


TERMS = (
    Term(
        name="Confirmed",
        meaning="a search's answer, in open loop",
        unit="1/s, %",
        formula="attainment where the rate that the highest passing level answered arrives by a schedule",
        over="measured requests of that stage",
        metrics={
            "confirmed_at": Metric(unit="1/s", label="Confirmed at", of=OfConfirmation(confirmed_rate)),
            "confirmed_share": Metric(unit="share", label="Confirmed share", of=OfConfirmation(confirmed_share)),
        },
    ),
    Term(
        name="Recovery",
        meaning="how soon after a spike",
        unit="s",
        formula=(
            "from the spike's end to the first instant from which the p95 of the user-perceived TTFT, over the "
            "requests intended in the next moments (20 of them at the base's rate, 5 s at least), is at most 10 % "
            "above the upper end of the base's interval; ≥: not until then"
        ),
        over="requests of the spike's stage",
        metrics={
            "recovery_ms": Metric(
                unit="ms", label="Recovery", of=OfRecovery(lambda recovery: recovery.estimate), is_spread=False
            )
        },
    ),
    Term(
        name="Needed",
        meaning="load of the peak",
        unit="1/s, users",
        formula="peak × (1 + headroom); users by Little's law: rate × time in a request",
        over="the level that offers it",
        metrics={
            "needed_rps": Metric(unit="1/s", label="Needed", of=OfTarget(needed_rate)),
            "needed_users": Metric(unit="users", label="Users needed", of=OfTarget(needed_users)),
        },
    ),
)
