"""How attempts were spread over the addresses of a name, as the report says it."""

from firsttoken.decide.words.placement import describe_placement

A, B = "127.0.0.1:80", "127.0.0.2:80"
TWO = {"addresses": f"{A}, {B}"}


MANY = {f"10.0.0.{n}:80": 1 for n in range(20)}
SPREADS = {
    "evenly": ("wire", {A: 50, B: 50}, TWO),
    "one address answered nothing": ("wire", {A: 100}, TWO),
    "by the openai package": ("sdk", {A: 100}, TWO),
    "through a proxy": ("wire", {"10.0.0.9:3128": 10}, {"proxy": "squid:3128"}),
    "over addresses that were not known before": ("wire", {A: 3, B: 1}, {}),
    "over many addresses": ("wire", MANY, {}),
}
"""How attempts were spread: by what, how many to each address, and what was known of the endpoint."""


def test_placements_in_words(snapshot):
    snapshot("placement", {name: describe_placement("m", *spread) for name, spread in SPREADS.items()})


def test_one_address_is_nothing_to_tell_of_and_so_are_too_few_attempts():
    assert describe_placement("m", "wire", {A: 10}, {}) is None
    assert describe_placement("m", "wire", {}, TWO) is None
    assert describe_placement("m", "wire", {A: 1}, TWO) is None
