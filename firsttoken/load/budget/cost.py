"""What an attempt costs: at most, before it is sent, and in truth, after it has ended. Pure.

Rule: sums are whole numbers, so that a million of them drift nowhere; a price of $1 per million tokens is 1,000
nanodollars a token. Before sending, every token that may come is counted; afterwards, what the server reported.
"""

import math
from operator import add, sub
from typing import Self

from msgspec import Struct
from msgspec.structs import astuple

from firsttoken.catalogue import Source
from firsttoken.row import MOST_TOKENS, UNBILLED, Row, name_tier
from firsttoken.scenario.facts import MOST_FRAME_TOKENS, MOST_TOKENS_PER_WORD
from firsttoken.wire.fields.usage import MOST_UNSEEN

NANO = 1_000_000_000
NANO_PER_TOKEN = 1_000
"""Nanodollars of one token at one dollar per million."""


class Cost(Struct, frozen=True):
    """An amount of everything that a budget bounds, and of what vendors count against a quota."""

    requests: int = 0
    """Attempts on the wire: a retry is one more."""
    tokens: int = 0
    """Input and output together."""
    nano_usd: int = 0
    """Nothing where no price is known: a scenario with a cap in dollars must know the prices of all that counts."""
    output_tokens: int = 0
    """Of these tokens those that an answer may have: no budget caps them, but some vendors' quotas do."""

    def __add__(self, other: Self) -> Self:
        return type(self)(*map(add, astuple(self), astuple(other)))

    def __sub__(self, other: Self) -> Self:
        return type(self)(*map(sub, astuple(self), astuple(other)))

    def times(self, factor: float) -> Self:
        """So many times as much, rounded up."""
        return type(self)(*(math.ceil(each * factor) for each in astuple(self)))

    def least(self, other: Self) -> Self:
        """Of each kind the smaller amount."""
        return type(self)(*map(min, astuple(self), astuple(other)))

    def most(self, other: Self) -> Self:
        """Of each kind the larger amount."""
        return type(self)(*map(max, astuple(self), astuple(other)))

    def fits(self, room: Self) -> bool:
        """Whether there is room for it in every kind."""
        return all(mine <= theirs for mine, theirs in zip(astuple(self), astuple(room), strict=True))


NOTHING = Cost()


def estimate(input_tokens: int, output_tokens: int, source: Source | None) -> Cost:
    """The most that one attempt can cost: its whole prompt uncached, or written to the cache where that is dearer, and
    an answer of all the tokens that it may have."""
    written = input_tokens if source and source.cache_write and source.cache_write > (source.input or 0) else 0
    return Cost(
        requests=1,
        tokens=input_tokens + output_tokens,
        nano_usd=price(input_tokens, 0, output_tokens, source, written),
    )


def spent(row: Row, source: Source | None, estimated: Cost) -> Cost:
    """What an attempt that has ended cost: the server's usage where it reported a possible one, nothing but a request
    where it was refused or never sent, else all that was estimated: a server may read on after a stream broke.

    Dollars at an unknown price are as much as was estimated.
    """
    if row.input_tokens is not None and row.output_tokens is not None and is_possible(row):
        nano_usd = price_row(row, source)
        known_nano_usd = estimated.nano_usd if nano_usd is None else nano_usd
        return Cost(requests=1, tokens=row.input_tokens + row.output_tokens, nano_usd=known_nano_usd)
    if row.sent_ns is None or row.outcome in UNBILLED:
        return Cost(requests=1)
    return estimated


def is_possible(row: Row) -> bool:
    """Whether the counts of a server are possible: an impossible one must neither fill a budget nor empty it.

    A token that streams takes a byte at least; those of hidden reasoning do not stream.
    """
    read, written, held = row.input_tokens or 0, row.output_tokens or 0, row.cached_tokens or 0
    stored, hidden = row.cache_write_tokens or 0, row.reasoning_tokens or 0
    return (
        min(read, written, held, stored, hidden) >= 0
        and held + stored <= read
        and max(read, written) <= MOST_TOKENS
        and written - hidden <= max(row.bytes_received, MOST_UNSEEN)
    )


def price_row(row: Row, source: Source | None) -> int | None:
    """Nanodollars of what an attempt used; None where its price is not known: it was served by another tier than the
    price is of, or wrote to a cache for which no price is stated."""
    stored = row.cache_write_tokens or 0
    if source is not None and (
        (row.service_tier is not None and name_tier(row.service_tier) != source.tier)
        or (stored and source.cache_write is None)
    ):
        return None
    return price(row.input_tokens or 0, row.cached_tokens or 0, row.output_tokens or 0, source, stored)


def price(
    input_tokens: int, cached_tokens: int, output_tokens: int, source: Source | None, written_tokens: int = 0
) -> int:
    """Nanodollars of an attempt, rounded up as `decide/measure/cost.py` counts them for the report; 0 without a price.

    A long prompt is billed at the multiples of its tier as a whole; no price of cached tokens is no discount. Cached
    tokens and those written to the cache are parts of the input.
    """
    if source is None or source.input is None or source.output is None:
        return 0
    cached_price = source.input if source.cached_input is None else source.cached_input
    tier = source.long_context
    is_long = tier is not None and input_tokens > tier.over_tokens
    input_multiple, output_multiple = (tier.input_multiple, tier.output_multiple) if tier and is_long else (1.0, 1.0)
    write_price = source.input if source.cache_write is None else source.cache_write
    fresh = input_tokens - cached_tokens - written_tokens
    prompt = (fresh * source.input + cached_tokens * cached_price + written_tokens * write_price) * input_multiple
    return math.ceil((prompt + output_tokens * source.output * output_multiple) * NANO_PER_TOKEN)


class PromptGauge:
    """How many tokens a prompt of so many words has at most: a guess, until the server has counted some.

    tokens <= frame + ratio x words, with the highest ratio that was ever counted; a chat template adds the frame.
    """

    ENOUGH = 20
    """Prompts counted before the guess is dropped."""
    MARGIN = 1.1
    """Over the highest ratio counted so far, for the prompt that has still more."""

    def __init__(self) -> None:
        self._counted = 0
        self._highest = 0.0

    def record_prompt(self, words: int, row: Row) -> None:
        """Learn from what the server counted, if it reported that."""
        if row.input_tokens is not None and words > 0 and is_possible(row):
            self._counted += 1
            self._highest = max(self._highest, (row.input_tokens - MOST_FRAME_TOKENS) / words)

    def bound(self, words: int) -> int:
        """The most tokens that a prompt of so many words is reckoned to have."""
        learned = self._highest * self.MARGIN
        ratio = learned if self._counted >= self.ENOUGH else max(MOST_TOKENS_PER_WORD, learned)
        return MOST_FRAME_TOKENS + math.ceil(ratio * words)


class AnswerGauge:
    """How many tokens an answer has at most: what was asked for, unless a server was seen to give more than that.

    Such a server ignores the cap, and its next answer may be as long as its longest, whatever the cap.
    """

    def __init__(self) -> None:
        self._longest = 0
        """Of the answers that were longer than asked."""

    def record_answer(self, asked_tokens: int, row: Row) -> None:
        """Learn from what the server counted, if that is possible."""
        if row.output_tokens is not None and row.output_tokens > asked_tokens and is_possible(row):
            self._longest = max(self._longest, row.output_tokens)

    def bound(self, asked_tokens: int) -> int:
        """The most tokens that an answer is reckoned to have where so many are asked for."""
        return max(asked_tokens, self._longest)
