"""How attempts were spread over the addresses of a name, as the report says it."""

from firsttoken.decide.words.placement import describe_placement

A, B = "127.0.0.1:80", "127.0.0.2:80"
TWO = {"addresses": f"{A}, {B}"}


def test_an_even_spread_is_told_with_its_shares():
    assert describe_placement("m", "wire", {A: 50, B: 50}, TWO) == (
        f"m: attempts over the 2 addresses of its name: {A} 50 %, {B} 50 %."
    )


def test_an_address_that_answered_nothing_is_named():
    said = describe_placement("m", "wire", {A: 100}, TWO)

    assert said == f"m: attempts over the 2 addresses of its name: {A} 100 %; {B} none: refused, or silent."


def test_the_choice_of_the_openai_package_is_reported_as_its_own():
    said = describe_placement("m", "sdk", {A: 100}, TWO)

    assert said == f"m: attempts over the 2 addresses of its name, as the openai package chose: {A} 100 %; {B} none."


def test_a_proxy_is_the_peer_and_is_reported_as_one():
    said = describe_placement("m", "wire", {"10.0.0.9:3128": 10}, {"proxy": "squid:3128"})

    assert said == "m: every connection led to the proxy squid:3128, which chooses the server's address."


def test_addresses_that_were_not_known_before_the_load_are_counted_all_the_same():
    assert describe_placement("m", "wire", {A: 3, B: 1}, {}) == (
        f"m: attempts over the 2 addresses of its name: {A} 75 %, {B} 25 %."
    )


def test_one_address_is_nothing_to_tell_of_and_so_are_too_few_attempts():
    assert describe_placement("m", "wire", {A: 10}, {}) is None
    assert describe_placement("m", "wire", {}, TWO) is None
    assert describe_placement("m", "wire", {A: 1}, TWO) is None


def test_of_many_addresses_only_some_are_named():
    many = {f"10.0.0.{n}:80": 1 for n in range(20)}

    said = describe_placement("m", "wire", many, {})

    assert said.startswith("m: attempts over the 20 addresses of its name: ")
    assert said.endswith(" and 12 more.")
