"""What the client itself takes and adds, how steady a window was, and how far a model is from what is published of it.

Rule: a load that changes while it is measured has no drift, as what changes with the load is none. Two clients are
compared only where the answers came to both alike (see decide/client_cost.py).
"""

from collections.abc import Sequence

import numpy as np

from firsttoken.decide.measure.latency import ttft_ms
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.metrics.metric import Metric, OfPair, OfPublished, OfWatch, OfWindow, Term
from firsttoken.decide.metrics.value import MetricValue
from firsttoken.row import Health
from firsttoken.stats.difference import subtract
from firsttoken.stats.estimate import Estimate, exact, nothing
from firsttoken.stats.mean import mean_of

FEWEST = 5
"""First tokens that each half of a window has at least, or its drift is unknown."""


def drift(data: WindowData) -> Estimate | None:
    """Median TTFT of the attempts sent in the second half of a window against that of the first, as a share."""
    if data.stages[0].shape not in ("", "soak"):
        return None
    place = np.searchsorted([opens for opens, _ in data.windows[1:]], data.attempts.intended_ns, side="right")
    middles = np.array([sum(window) / 2 for window in data.windows], dtype=np.float64)
    known = data.attempts.measured & ~np.isnan(data.attempts.first_token_ns)
    ttft, late = ttft_ms(data.attempts)[known], (data.attempts.sent_ns >= middles[place])[known]
    if min(late.sum(), (~late).sum()) < FEWEST:
        return nothing(len(ttft))
    return exact(float(np.median(ttft[late]) / np.median(ttft[~late]) - 1), len(ttft))


def cpu_share(data: WindowData, health: Sequence[Health]) -> Estimate:
    """The share of a core that a load process used, on average over the seconds of the windows."""
    lines = [line for line in health if any(opens < line.at_ns <= closes for opens, closes in data.windows)]
    return mean_of(np.array([line.cpu_share for line in lines], dtype=np.float64))


def difference(measured: MetricValue, published: float) -> Estimate:
    """How far a median is from what is published, as a share of that."""
    value, lo, hi = (None if end is None else end / published - 1 for end in (measured.value, measured.lo, measured.hi))
    return Estimate(value, lo, hi, measured.n, float(measured.n))


TERMS = (
    Term(
        name="Drift",
        meaning="was the window steady?",
        unit="%",
        formula="median TTFT of the attempts sent in the second half of a window / that of the first half − 1",
        over="measured attempts",
        metrics={"ttft_drift": Metric(unit="share", label="Drift", of=OfWindow(drift), is_spread=False)},
    ),
    Term(
        name="Client",
        meaning="what it takes, and what the package adds",
        unit="%, ms",
        formula=(
            "mean share of a core that the load process used; quantile through the openai package − the same on the "
            "wire at the same load, its interval by MOVER"
        ),
        over="seconds of the window; measured attempts",
        metrics={
            "client_cpu_share": Metric(unit="share", label="Core used", of=OfWatch(cpu_share)),
            "client_added_ttft_ms": Metric(
                unit="ms", label="Added to TTFT", of=OfPair("ttft_ms", subtract, (0.5, 0.95)), is_spread=False
            ),
            "client_added_tpot_ms": Metric(
                unit="ms", label="Added to TPOT", of=OfPair("tpot_ms", subtract, (0.5,)), is_spread=False
            ),
        },
    ),
    Term(
        name="Published",
        meaning="how far from it",
        unit="%",
        formula="median / the figure that the named source publishes − 1",
        over="measured attempts of one user alone",
        metrics={
            "published_ttft_difference": Metric(
                unit="share", label="TTFT, from published", of=OfPublished("ttft_ms", difference)
            ),
            "published_pace_difference": Metric(
                unit="share", label="Pace, from published", of=OfPublished("stream_tok_s", difference)
            ),
        },
    ),
)
