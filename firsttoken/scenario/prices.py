"""Whether the prices of a target can be meant: dollars per million tokens, a cached token no dearer than a fresh one.

Rule: what contradicts itself is refused. A price far from every listed one gives a warning, with the unit that it was
probably written in and what it is then.
"""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from firsttoken.catalogue import Model, Source
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.rules import find_prices
from firsttoken.scenario.target import Target
from firsttoken.scenario.values import ScenarioError

Catalogue = Mapping[str, Model]

KINDS = {"input": "input", "cached_input": "cached", "output": "output"}
"""The prices by which a unit is judged -> what a scenario calls each."""
FAR = 50.0
"""A price this many times below the lowest or above the highest listed one cannot be meant."""
NEAR = 10.0
"""Another unit explains a price if it brings it within this many times of the listed ones."""
UNITS = {"per token": 1_000_000, "per 1,000 tokens": 1_000, "in cents": 0.01, "per billion tokens": 0.001}
"""What a price may have been written in -> the factor to dollars per million tokens."""
UNEXPLAINED = "; a price is written in US dollars per million tokens"


class Range(NamedTuple):
    """The lowest and the highest price that any source of the catalogue lists."""

    low: float
    high: float

    def spans(self, price: float, times: float) -> bool:
        """Whether a price lies within so many times of the range."""
        return self.low / times <= price <= self.high * times

    def measure(self, price: float) -> float:
        """How far a price lies outside of the range, as a power of e; 0 inside."""
        return max(math.log(self.low / price), math.log(price / self.high), 0.0)


def check_cached(scenario: Scenario, catalogue: Catalogue) -> None:
    """Refuse a price of cached input above that of fresh input. Raises ScenarioError."""
    for target in scenario.target:
        source = find_prices(target, catalogue)
        if source is None or source.input is None or source.cached_input is None:
            continue
        if source.cached_input > source.input:
            place = "price.cached" if target.price else f"{_name_place(target, source, catalogue)}: cached_input"
            raise ScenarioError(
                f"target.{target.name}.{place}: expected at most the price of fresh input, {source.input:g} dollars "
                f"per million tokens, got {source.cached_input:g}; leave it out if cached tokens have no price of "
                "their own"
            )


def warn_of_units(scenario: Scenario, catalogue: Catalogue) -> Iterator[str]:
    """A sentence for each target whose prices are far from every listed one."""
    for target in scenario.target:
        source = find_prices(target, catalogue)
        if source is not None and (sentence := _warn_of_price(source, _find_ranges(catalogue, source))):
            place = "price" if target.price else _name_place(target, source, catalogue)
            yield f"target.{target.name}.{place}: {sentence}"


def _name_place(target: Target, source: Source, catalogue: Catalogue) -> str:
    """Where a price stands: the source of the catalogue that states it."""
    sources = catalogue[target.model].sources
    name = next(name for name, each in sources.items() if each is source)
    return f'prices = "{name}" of {target.model}'


def _find_ranges(catalogue: Catalogue, but: Source) -> dict[str, Range]:
    """Kind of token -> what the catalogue's other sources ask for it."""
    sources = [source for model in catalogue.values() for source in model.sources.values() if source is not but]
    listed = {kind: [price for source in sources if (price := getattr(source, kind))] for kind in KINDS}
    return {kind: Range(min(prices), max(prices)) for kind, prices in listed.items() if prices}


def _warn_of_price(source: Source, ranges: Mapping[str, Range]) -> str:
    """A warning about the prices of one source, or an empty text. A price of 0 means free."""
    stated = {kind: price for kind in KINDS if (price := getattr(source, kind)) and kind in ranges}
    far = {kind: price for kind, price in stated.items() if not ranges[kind].spans(price, FAR)}
    if not far:
        return ""
    written = " and ".join(f"{KINDS[kind]} = {price:g}" for kind, price in far.items())
    listed = " and ".join(f"{ranges[kind].low:g} to {ranges[kind].high:g} for {KINDS[kind]}" for kind in far)
    return (
        f"{written} dollars per million tokens is far from the prices of the catalogue ({listed})"
        f"{_explain(stated, ranges) or _explain(far, ranges) or UNEXPLAINED}"
    )


def _explain(prices: Mapping[str, float], ranges: Mapping[str, Range]) -> str:
    """The unit that brings prices nearest to the listed ones, and what they are then; empty where none does."""
    near = {
        unit: sum(ranges[kind].measure(price * factor) for kind, price in prices.items())
        for unit, factor in UNITS.items()
        if all(ranges[kind].spans(price * factor, NEAR) for kind, price in prices.items())
    }
    if not near:
        return ""
    unit = min(near, key=near.__getitem__)
    meant = ", ".join(f"{KINDS[kind]} = {price * UNITS[unit]:g}" for kind, price in prices.items())
    return f"; is the price {unit}? then write {meant} (times {UNITS[unit]:,})"
