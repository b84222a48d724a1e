"""What a demand needs and costs: the load of its peak, which tested level offers that, and the bill of a day.

    users          = requests/s x seconds that a request keeps a user busy
                     (Little 1961, Operations Research 9(3), 383-387)
    output dollars = output tokens a day x price of an output token
    input dollars  = requests a day x mean input dollars of a request

Rule: a demand without a stated peak needs no level: the mean of a day is not a load that a service must survive. A
demand in output tokens says nothing of the input that they drag along, so both sides are always shown; what retries add
is not in the bill but beside it, as their tax.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from firsttoken.catalogue import Source
from firsttoken.decide.measure.attempts import Attempts
from firsttoken.decide.measure.cost import Tokens, price_tokens
from firsttoken.scenario.format import Demand, Traffic, mean_tokens


@dataclass(frozen=True)
class Offer:
    """What one tested level offers."""

    level: float
    request_rps: float
    users_busy: float

    @property
    def busy_s(self) -> float:
        """How long a request keeps a user busy, by Little's law."""
        return self.users_busy / self.request_rps


@dataclass(frozen=True)
class Need:
    """What a peak needs."""

    rps: float
    """The peak with its headroom."""
    level: float | None
    """The lowest tested level that offers it; None: the ladder does not reach it."""
    users: float | None
    """By Little's law at the pace of that level, or of the highest tested one; None where nothing was measured."""


def find_need(demand: Demand | None, offers: Sequence[Offer]) -> Need | None:
    """The need of a demand's peak among tested levels in ascending order; None without a stated peak."""
    if demand is None or demand.peak_rps is None:
        return None
    rps = demand.peak_rps * (1 + demand.headroom)
    offering = [offer for offer in offers if offer.request_rps > 0]
    enough = next((offer for offer in offering if offer.request_rps >= rps), None)
    pace = enough or (offering[-1] if offering else None)
    return Need(rps, enough.level if enough else None, rps * pace.busy_s if pace else None)


@dataclass(frozen=True)
class Bill:
    """Dollars of one day of the demand."""

    input: float
    output: float
    requests: float
    """Requests of that day."""
    n: int
    """Answers whose usage the means rest on; 0: the means are those asked for in [traffic]."""

    @property
    def total(self) -> float:
        return self.input + self.output


def answered_tokens(attempts: Attempts) -> Tokens:
    """Tokens of every measured answer that reported its usage."""
    known = attempts.metered & attempts.succeeded & attempts.measured
    cached, written = (np.nan_to_num(each[known]) for each in (attempts.cached_tokens, attempts.cache_write_tokens))
    return Tokens(attempts.input_tokens[known], cached, attempts.output_tokens[known], written, attempts.tier[known])


def join_tokens(parts: Sequence[Tokens]) -> Tokens:
    """The tokens of several levels one after the other."""
    none = np.zeros(0)
    written = [np.zeros(len(part.input)) if part.written is None else part.written for part in parts]
    tiers = [np.full(len(part.input), np.nan) if part.tier is None else part.tier for part in parts]
    return Tokens(
        np.concatenate([none, *(part.input for part in parts)]),
        np.concatenate([none, *(part.cached for part in parts)]),
        np.concatenate([none, *(part.output for part in parts)]),
        np.concatenate([none, *written]),
        np.concatenate([none, *tiers]),
    )


def bill_day(demand: Demand, answered: Tokens, source: Source | None, traffic: Traffic) -> Bill | None:
    """The bill of a day of `demand` whose requests look like those answered, or like `traffic` where none reported its
    usage.

    None where a price is unknown.
    """
    n = len(answered.output)
    tokens = answered if n and answered.output.any() else _asked_tokens(traffic)
    dollars = price_tokens(tokens, source)
    if dollars is None or np.isnan(dollars.total).any():
        return None
    written = float(tokens.output.mean())
    requests = demand.requests_per_day or (demand.output_tokens_per_day or 0.0) / written
    output_a_day = demand.output_tokens_per_day or requests * written
    return Bill(
        input=requests * float(dollars.input.mean()),
        output=output_a_day * float(dollars.output.sum()) / float(tokens.output.sum()),
        requests=requests,
        n=n,
    )


def _asked_tokens(traffic: Traffic) -> Tokens:
    lengths = (mean_tokens(traffic.input_tokens) + traffic.system_words, 0.0, mean_tokens(traffic.output_tokens))
    return Tokens(*(np.array([length]) for length in lengths))
