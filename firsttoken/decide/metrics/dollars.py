"""What attempts cost, what the demand of a day would, and how long prompts and answers were.

Rule: what a broken stream is billed is known only between two ends; an unknown price makes dollars unknown, never 0. An
empty answer has no length that others could be held against.
"""

from collections.abc import Callable

import numpy as np

from firsttoken.decide.measure.attempts import Floats
from firsttoken.decide.measure.demand import Bill
from firsttoken.decide.measure.window_data import WindowData
from firsttoken.decide.metrics.metric import Metric, OfTarget, OfWindow, TargetFacts, Term
from firsttoken.stats.estimate import Estimate, between, exact, nothing
from firsttoken.stats.mean import mean_of


def dollars(data: WindowData) -> Estimate:
    """Dollars of all attempts of any phase."""
    if data.priced is None:
        return nothing(len(data.attempts))
    least, most = data.priced
    return between(float(least.total.sum()), float(most.total.sum()), len(data.attempts))


def retry_tax(data: WindowData) -> Estimate:
    """Dollars of the measured attempts / dollars of those that succeeded."""
    if data.priced is None:
        return nothing(len(data.attempts))
    attempts, (least, most) = data.attempts, _spent(data)
    useful = float(data.priced[0].total[attempts.measured & attempts.succeeded].sum())
    judged = int((attempts.measured & ~attempts.unjudged).sum())
    return between(least / useful, most / useful, judged) if useful else nothing()


def dollars_per_good(data: WindowData) -> Estimate:
    """Dollars of the measured attempts for 1,000 requests that met the SLO."""
    if data.priced is None:
        return nothing(len(data.attempts))
    (least, most), met = _spent(data), int(data.judged.met[data.measured].sum())
    return between(1000 * least / met, 1000 * most / met, met) if met else nothing()


def _spent(data: WindowData) -> tuple[float, float]:
    """The least and the most that the measured attempts cost which we did not end ourselves."""
    judged = data.attempts.measured & ~data.attempts.unjudged
    least, most = data.priced or (None, None)
    return (float(least.total[judged].sum()), float(most.total[judged].sum())) if least and most else (0.0, 0.0)


def of_length(read: Callable[[WindowData], Floats]) -> OfWindow:
    """The mean of a length over the measured answers that reported their usage and of which it is known."""

    def mean(data: WindowData) -> Estimate:
        values = read(data)[_answers(data)]
        return mean_of(values[~np.isnan(values)])

    return OfWindow(mean, without_window=True)


def _answers(data: WindowData) -> np.ndarray:
    return data.attempts.metered & data.attempts.answered & data.attempts.measured


def cached_share(data: WindowData) -> Estimate:
    """How much of the prompts of those answers came from a cache."""
    known = _answers(data)
    read = float(data.attempts.input_tokens[known].sum())
    cached = np.nan_to_num(data.attempts.cached_tokens[known])
    return exact(float(cached.sum()) / read, len(cached)) if read else nothing()


def of_bill(read: Callable[[Bill], float], *, days: bool) -> OfTarget:
    """A side of the bill of a day, or of the days of the demand; unknown where the bill is."""

    def compute(facts: TargetFacts) -> Estimate | None:
        if facts.days is None:
            return None
        bill = facts.bill
        return exact(read(bill) * (facts.days if days else 1), bill.n) if bill else nothing()

    return OfTarget(compute)


TERMS = (
    Term(
        name="Retry tax",
        unit="×",
        formula=(
            "dollars of all attempts / dollars of successful ones. A 429 bills nothing; the usage of a broken "
            "stream is estimated from its prompt and its events, given as a range and named an estimate."
        ),
        over="measured requests",
        metrics={
            "retry_tax": Metric(
                unit="ratio", label="Retry tax", of=OfWindow(retry_tax, without_window=True), ends="possible"
            )
        },
    ),
    Term(
        name="Dollars",
        unit="USD",
        formula=("what attempts of any phase cost at the named source's prices; per 1,000 requests that met the SLO"),
        over="all attempts",
        metrics={
            "dollars": Metric(
                unit="USD",
                label="Dollars",
                of=OfWindow(dollars, without_window=True),
                ends="possible",
                over_levels="sum",
            ),
            "dollars_per_1000_good": Metric(
                unit="USD",
                label="Dollars per 1,000 good",
                of=OfWindow(dollars_per_good, without_window=True),
                ends="possible",
            ),
        },
    ),
    Term(
        name="Lengths",
        unit="tokens, %",
        formula=(
            "mean input and output tokens of an answer, as the server counted them; asked: the words of its prompt, "
            "and its limit of output tokens; share of the input that came from a cache"
        ),
        over="measured answers",
        metrics={
            "input_tokens_mean": Metric(
                unit="tokens",
                label="Input tokens",
                of=of_length(lambda data: data.attempts.input_tokens),
                over_levels="mean",
            ),
            "output_tokens_mean": Metric(
                unit="tokens",
                label="Output tokens",
                of=of_length(lambda data: data.attempts.output_tokens),
                over_levels="mean",
            ),
            "asked_input_tokens_mean": Metric(
                unit="tokens",
                label="Input words asked",
                of=of_length(lambda data: data.attempts.asked_input_tokens),
                over_levels="mean",
            ),
            "asked_output_tokens_mean": Metric(
                unit="tokens",
                label="Output tokens asked",
                of=of_length(lambda data: data.attempts.asked_output_tokens),
                over_levels="mean",
            ),
            "cached_share": Metric(
                unit="share", label="From the cache", of=OfWindow(cached_share, without_window=True)
            ),
        },
    ),
    Term(
        name="Bill",
        meaning="dollars a day, a month",
        unit="USD",
        formula=(
            "demand × tokens of a mean answer × the named source's prices, input beside output; what retries "
            "add is not in it"
        ),
        over="measured answers of all loads",
        metrics={
            "bill_day": Metric(unit="USD", label="Bill a day", of=of_bill(lambda bill: bill.total, days=False)),
            "bill_input_day": Metric(
                unit="USD", label="Bill a day, input", of=of_bill(lambda bill: bill.input, days=False)
            ),
            "bill_output_day": Metric(
                unit="USD", label="Bill a day, output", of=of_bill(lambda bill: bill.output, days=False)
            ),
            "bill_month": Metric(unit="USD", label="Bill a month", of=of_bill(lambda bill: bill.total, days=True)),
            "bill_input_month": Metric(
                unit="USD", label="Bill a month, input", of=of_bill(lambda bill: bill.input, days=True)
            ),
            "bill_output_month": Metric(
                unit="USD", label="Bill a month, output", of=of_bill(lambda bill: bill.output, days=True)
            ),
        },
    ),
)
