"""Dollars of attempts, from the tokens that the server counted.

Rule: usage is billed as reported: cached tokens at their own price, reasoning once (it is part of the output), a
long prompt's whole request at the long-context multiples. An attempt that was refused bills nothing. A stream that
broke before it reported its usage is estimated between two ends, and named an estimate. An unknown price makes dollars
unknown, never 0.
"""

from dataclasses import dataclass

import numpy as np

from firsttoken.catalogue import Source
from firsttoken.decide.measure.attempts import Attempts, Bools, Floats
from firsttoken.row import TIERS, UNBILLED

PER_TOKEN = 1e-6


@dataclass(frozen=True, eq=False)
class Tokens:
    """What each attempt is billed for; nan is unknown.

    `cached` and what was `written` to the cache are parts of `input`, reasoning is part of `output`.
    """

    input: Floats
    cached: Floats
    output: Floats
    written: Floats | None = None
    """None: nothing."""
    tier: Floats | None = None
    """The tier of service that answered, by its place in row.TIERS, from 1; 0 is another, nan untold. None: untold."""


@dataclass(frozen=True, eq=False)
class Billed:
    """Tokens of each attempt between two ends, which are equal where the server reported its usage."""

    least: Tokens
    most: Tokens


def count_billed(attempts: Attempts) -> Billed:
    """The tokens that each attempt is billed for.

    Of a broken stream the least is what was seen of it (its prompt and its events, nothing if no token came), the
    most a whole answer: a server may read on after the client has left. Prompt, answer and tokens per event are those
    of the answers that reported their usage; without any the estimate is nan.
    """
    metered = attempts.metered
    prompt, answer, per_event = _usual_lengths(attempts)
    free = np.isin(attempts.outcome, list(UNBILLED)) | np.isnan(attempts.sent_ns)
    begun = attempts.token_events > 0
    seen = np.where(begun, attempts.token_events * per_event, 0)

    def settle(reported: Floats, estimate: Floats) -> Floats:
        return np.where(metered, np.nan_to_num(reported), np.where(free, 0, estimate))

    nothing = np.zeros(len(attempts))
    cached, written = settle(attempts.cached_tokens, nothing), settle(attempts.cache_write_tokens, nothing)
    least = Tokens(
        settle(attempts.input_tokens, np.where(begun, prompt, 0)),
        cached,
        settle(attempts.output_tokens, seen),
        written,
        attempts.tier,
    )
    most = Tokens(
        settle(attempts.input_tokens, nothing + prompt),
        cached,
        settle(attempts.output_tokens, np.maximum(seen, answer)),
        written,
        attempts.tier,
    )
    return Billed(least, most)


def _usual_lengths(attempts: Attempts) -> tuple[float, float, float]:
    """Mean prompt, mean answer and tokens per token event of the answers that reported their usage; nan without any."""
    known = attempts.metered & attempts.succeeded
    if not known.any():
        return np.nan, np.nan, np.nan
    output = attempts.output_tokens[known]
    events = attempts.token_events[known].sum()
    per_event = float(output.sum() / events) if events else np.nan
    return float(attempts.input_tokens[known].mean()), float(output.mean()), per_event


@dataclass(frozen=True, eq=False)
class Dollars:
    """What each attempt costs, by side; nan is unknown."""

    input: Floats
    output: Floats

    @property
    def total(self) -> Floats:
        return self.input + self.output


def price_tokens(tokens: Tokens, source: Source | None) -> Dollars | None:
    """Dollars of tokens at a source's prices; None where it does not state both. No cached price is no discount.

    They are nan where another tier answered than the prices are of, or something was written to a cache at no price.
    """
    if source is None or source.input is None or source.output is None:
        return None
    cached_price = source.input if source.cached_input is None else source.cached_input
    tier = source.long_context
    is_long = tokens.input > tier.over_tokens if tier else np.zeros(len(tokens.input), dtype=np.bool_)
    input_price = np.where(is_long, tier.input_multiple if tier else 1, 1) * PER_TOKEN
    output_price = np.where(is_long, tier.output_multiple if tier else 1, 1) * PER_TOKEN
    written = np.zeros(len(tokens.input)) if tokens.written is None else tokens.written
    write_price = np.where(written > 0, np.nan, 0.0) if source.cache_write is None else source.cache_write
    fresh = tokens.input - tokens.cached - written
    unknown = np.where(is_off_tier(tokens.tier, source), np.nan, 1.0)
    return Dollars(
        input=(fresh * source.input + tokens.cached * cached_price + written * write_price) * input_price * unknown,
        output=tokens.output * source.output * output_price * unknown,
    )


def is_off_tier(tier: Floats | None, source: Source) -> Bools:
    """Where another tier of service answered than a source's prices are of."""
    if tier is None:
        return np.zeros(1, dtype=np.bool_)
    of = TIERS.index(source.tier) + 1 if source.tier in TIERS else 0
    return np.asarray(~np.isnan(tier) & (tier != of), dtype=np.bool_)
