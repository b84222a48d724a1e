"""How many requests met the SLO, what the others missed it by, and which answers were empty or not whole."""

import numpy as np

from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.metrics.metric import Metric, OfWindow, Peers, Term
from firsttoken.scenario.slo import LIMITS
from firsttoken.stats.estimate import Estimate, scale
from firsttoken.stats.proportion import proportion_interval
from firsttoken.stats.sequential import share_interval

CAUSES = {"error": "an error", "empty": "an empty answer"} | {key: f"slo.{key}" for key in LIMITS}
"""What a request may miss the SLO by -> in a few words."""


def attainment(data: WindowData) -> Estimate:
    """The share of the measured requests that met the SLO, its interval on the effective size.

    Where measuring ended once it was decided the interval is one that holds however often one looks.
    """
    chosen = data.counted
    met, undecided = int(data.judged.met[chosen].sum()), int(data.judged.undecided[chosen].sum())
    counted, share = int(chosen.sum()), data.slo.share
    n_eff = data.effective(chosen, data.judged.met[chosen].astype(np.float64))
    if not data.slo.watched or not counted:
        return proportion_interval(met, counted, n_eff, undecided=undecided)
    return share_interval(met, counted, share, design_effect=max(1.0, counted / n_eff), undecided=undecided)


def goodput(data: WindowData) -> Estimate:
    """Requests that met the SLO, a second."""
    return scale(attainment(data), int(data.counted.sum()) / data.seconds)


def of_cause(cause: str) -> OfWindow:
    """The share of the measured requests that missed the SLO by one cause; None where no limit of it is set."""

    def share(data: WindowData) -> Estimate | None:
        missed = data.judged.missed_by.get(LIMITS[cause].metric if cause in LIMITS else cause)
        chosen = data.counted
        return None if missed is None else data.share_of(missed[chosen], data.requests.intended_ns[chosen])

    return OfWindow(share)


def empty_share(data: WindowData) -> Estimate:
    """The share of the measured answers that brought no visible token and no tool call."""
    chosen = data.attempts.measured & data.attempts.succeeded
    return data.share_of(data.attempts.empty[chosen], data.attempts.intended_ns[chosen])


def at_cap_share(data: WindowData) -> Estimate:
    """The share of the measured answers that ended at the cap on their length."""
    chosen = data.attempts.measured & data.attempts.succeeded
    at_cap = np.asarray(data.attempts.outcome == "length", dtype=np.bool_)
    return data.share_of(at_cap[chosen], data.attempts.intended_ns[chosen])


TERMS = (
    Term(
        name="Attainment",
        meaning="met the SLO",
        unit="%",
        formula=(
            "requests that succeeded within every limit of the SLO / requests. Errors, failed requests and empty "
            "answers miss it; missed by: the share that missed one limit."
        ),
        over="measured requests",
        metrics={
            "attainment": Metric(unit="share", label="Attainment", of=OfWindow(attainment)),
            **{
                f"broken_by_{cause}_share": Metric(unit="share", label=f"Missed by {words}", of=of_cause(cause))
                for cause, words in CAUSES.items()
            },
        },
        peers=Peers(aiperf="good request fraction, errors in the denominator"),
    ),
    Term(
        name="Goodput",
        meaning="useful throughput",
        unit="1/s",
        formula="requests that met the SLO / length of the window",
        over="measured requests",
        metrics={"goodput_rps": Metric(unit="1/s", label="Goodput", of=OfWindow(goodput))},
        peers=Peers(
            vllm="requests within limits / s; failed ones dropped",
            aiperf="same",
            mlperf_endpoints="limits judge a run, not a request",
        ),
    ),
    Term(
        name="Empty, cut",
        meaning="answers without a product, or not whole",
        unit="%",
        formula=(
            "answers without a visible token or tool call / answers: they miss the SLO, are in "
            "no latency and are paid for; answers that ended at the cap on their length / answers"
        ),
        over="measured answers",
        metrics={
            "empty_share": Metric(unit="share", label="Empty answers", of=OfWindow(empty_share)),
            "at_cap_share": Metric(unit="share", label="Ended at the cap", of=OfWindow(at_cap_share)),
        },
    ),
)
