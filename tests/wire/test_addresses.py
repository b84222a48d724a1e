"""The turns of a name's addresses: shares, families, and what becomes of one that fails."""

from collections import Counter

import pytest

from firsttoken.wire.addresses import SKIPPED_S, Addresses, write_peer

V4, V6 = 2, 10
A, B, C = ((V4, (f"10.0.0.{n}", 80)) for n in (1, 2, 3))
S = 1_000_000_000
LATER_NS = round(SKIPPED_S * S)


def made(*found, seed: str = "7") -> Addresses:
    addresses = Addresses(seed)
    addresses.learn(found)
    return addresses


@pytest.mark.parametrize("attempts", [3, 300, 3000])
def test_every_address_gets_the_same_share(attempts):
    addresses = made(A, B, C)

    taken = Counter(addresses.take_turn(0) for _ in range(attempts))

    assert taken == dict.fromkeys((A, B, C), attempts // 3)


def test_an_address_that_was_named_twice_has_one_share():
    addresses = made(A, A, B)

    assert len(addresses) == 2
    assert {addresses.take_turn(0), addresses.take_turn(0)} == {A, B}


def test_the_order_follows_from_the_seed_and_differs_between_seeds():
    def first(seed: int) -> object:
        return made(A, B, C, seed=f"{seed}").take_turn(0)

    assert [first(n) for n in range(40)] == [first(n) for n in range(40)]
    assert len({first(n) for n in range(40)}) == 3


def test_families_take_turns():
    six = [(V6, (f"::{n}", 80, 0, 0)) for n in (1, 2)]
    addresses = made(*six, A, B)

    assert [addresses.take_turn(0)[0] for _ in range(4)] == [V6, V4, V6, V4]


def test_an_address_that_failed_is_passed_over_and_its_share_is_spread_over_the_others():
    addresses = made(A, B, C)
    addresses.record_failed(A, 0)

    taken = Counter(addresses.take_turn(S) for _ in range(100))

    assert taken == {B: 50, C: 50}


def test_an_address_that_failed_is_tried_again_later_by_one_attempt():
    addresses = made(A, B)
    addresses.record_failed(A, 0)

    taken = [addresses.take_turn(LATER_NS) for _ in range(10)]

    assert taken.count(A) == 1
    assert addresses.take_turn(2 * LATER_NS) == A


def test_an_address_that_works_again_has_its_turns_back_and_is_not_made_to_catch_up():
    addresses = made(A, B)
    addresses.record_failed(A, 0)
    for _ in range(50):
        addresses.take_turn(1)
    addresses.record_working(A)

    taken = Counter(addresses.take_turn(2) for _ in range(20))

    assert taken == {A: 10, B: 10}


def test_where_all_failed_each_is_tried_all_the_same():
    addresses = made(A, B)
    for address in (A, B):
        addresses.record_failed(address, 0)

    assert {addresses.take_turn(1), addresses.take_turn(1)} == {A, B}


def test_the_way_through_all_goes_to_those_that_failed_last():
    addresses = made(A, B, C)
    addresses.record_failed(B, 0)

    assert addresses.order_from(A) == [A, C, B]
    assert addresses.order_from(B)[0] == B


def test_a_peer_is_written_as_a_url_writes_it():
    assert write_peer(A) == "10.0.0.1:80"
    assert write_peer((V6, ("::1", 8080, 0, 0))) == "[::1]:8080"
