"""A price in another unit gives a warning with the factor that fixes it, and one that contradicts itself is refused."""

import pytest

from firsttoken.catalogue import Model, Source
from firsttoken.scenario.format import Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.prices import check_cached, warn_of_units
from firsttoken.scenario.target import Prices, Target
from firsttoken.scenario.values import ScenarioError

LISTED = {
    "small": Source(title="p", read="2026", input=0.25, cached_input=0.025, output=2.0),
    "large": Source(title="p", read="2026", input=5.0, output=20.0),
}
CATALOGUE = {"known": Model(name="known", title="Known", vendor="v", sources=LISTED)}


def scenario(**target) -> Scenario:
    return Scenario(
        name="made",
        target=[Target(**{"model": "m", "base_url": "http://127.0.0.1/v1", **target})],
        traffic=Traffic(locustfile="chat", input_tokens=400, output_tokens=50),
        load=Load(users=[1]),
    )


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        ((0.0000025, 0.00001), "is the price per token? then write input = 2.5, output = 10 (times 1,000,000)"),
        ((0.0025, 0.01), "is the price per 1,000 tokens? then write input = 2.5, output = 10 (times 1,000)"),
        ((2.5, 0.01), "is the price per 1,000 tokens? then write output = 10 (times 1,000)"),
        ((2.5, 1e-9), "a price is written in US dollars per million tokens"),
        ((300.0, 1500.0), "is the price in cents? then write input = 3, output = 15 (times 0.01)"),
        ((2500.0, 10_000.0), "is the price per billion tokens? then write input = 2.5, output = 10 (times 0.001)"),
    ],
)
def test_a_price_in_another_unit_gives_a_warning_with_the_factor_that_mends_it(prices, words):
    (warning,) = warn_of_units(scenario(price=Prices(*prices)), CATALOGUE)

    assert warning.startswith("target.m.price: ")
    assert words in warning
    assert "the prices of the catalogue" in warning


@pytest.mark.parametrize("prices", [(2.5, 10.0), (0.02, 0.08), (150.0, 600.0), (0.0, 0.0)])
def test_a_price_that_somebody_asks_gives_no_warning_and_a_free_one_neither(prices):
    assert list(warn_of_units(scenario(price=Prices(*prices)), CATALOGUE)) == []


def test_a_row_of_ones_own_catalogue_gives_a_warning_like_a_price_of_the_scenario():
    mine = Model(
        name="mine", title="M", vendor="v", sources={"list": Source(title="p", read="2026", input=2e-6, output=1e-5)}
    )

    (warning,) = warn_of_units(scenario(model="mine", prices="list"), CATALOGUE | {"mine": mine})

    assert warning.startswith('target.mine.prices = "list" of mine: ')


def test_a_cached_price_alone_in_another_unit_gives_a_warning_too():
    (warning,) = warn_of_units(scenario(price=Prices(2.5, 10.0, cached=2.5e-8)), CATALOGUE)

    assert "cached = 2.5e-08" in warning
    assert "then write cached = 0.025 (times 1,000,000)" in warning


def test_an_unknown_price_is_not_judged():
    assert list(warn_of_units(scenario(prices="unknown"), CATALOGUE)) == []
    check_cached(scenario(prices="unknown"), CATALOGUE)


def test_a_cached_token_dearer_than_a_fresh_one_is_refused():
    with pytest.raises(ScenarioError, match=r"^target\.m\.price\.cached: expected at most .* 2\.5 dollars .* got 25;"):
        check_cached(scenario(price=Prices(2.5, 10.0, cached=25.0)), CATALOGUE)

    check_cached(scenario(price=Prices(2.5, 10.0, cached=2.5)), CATALOGUE)


def test_a_cached_price_of_the_catalogue_is_held_to_the_same():
    odd = Source(title="p", read="2026", input=1.0, cached_input=2.0, output=4.0)
    catalogue = {"odd": Model(name="odd", title="Odd", vendor="v", sources={"list": odd})}

    with pytest.raises(ScenarioError, match=r'^target\.odd\.prices = "list" of odd: cached_input: expected'):
        check_cached(scenario(model="odd", prices="list"), catalogue)
