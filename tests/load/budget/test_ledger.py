"""The budget: a cap holds whatever messages do, is reached closely, and costs its users hardly a wait."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsttoken.decoding.duration import NS
from firsttoken.load.budget.cost import Cost
from firsttoken.load.budget.ledger import Allowance, Grant, Ledger
from firsttoken.scenario.format import Budget
from tests.load.lending import World

CAP = 200_000


def exchange(allowance: Allowance, ledger: Ledger, now_ns: int = 0) -> None:
    """One process: the allowance calls the ledger directly."""
    top_up = allowance.write_top_up(now_ns)
    if top_up is not None:
        allowance.add_grant(ledger.answer_top_up(0, top_up))


def pay(allowance: Allowance, ledger: Ledger, cost: Cost, now_ns: int = 0) -> bool:
    """Set a cost aside, asking for it where it must."""
    if allowance.reserve("user", cost, now_ns):
        return True
    exchange(allowance, ledger, now_ns)
    return allowance.reserve("user", cost, now_ns)


def tokens(amount: int) -> Cost:
    return Cost(requests=1, tokens=amount)


# -- the cap holds ----------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    workers=st.sampled_from([1, 4, 16]),
    users=st.sampled_from([1, 3, 12]),
    delay_s=st.sampled_from([0.0, 0.01, 0.3, 3.0]),
    lost=st.sampled_from([0.0, 0.2]),
    frugal=st.sampled_from([0.05, 0.8, 1.0]),
    seed=st.integers(0, 2**32),
)
def test_whatever_the_messages_do_no_cap_is_passed_and_less_than_a_request_is_left(
    workers: int, users: int, delay_s: float, lost: float, frugal: float, seed: int
) -> None:
    caps = Budget(tokens=40_000, usd=0.1, requests=500)

    world = World(caps=caps, workers=workers, users=users, delay_s=delay_s, lost=lost, frugal=frugal, seed=seed).run()

    assert world.ledger.exhausted(world.now_ns) is not None
    assert world.highest.fits(Cost(requests=500, tokens=40_000, nano_usd=100_000_000))
    left = 40_000 - world.spent.tokens
    assert 0 <= left < 1000 or world.spent.requests == 500


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), killed_at_s=st.floats(0, 60))
def test_what_a_lost_worker_held_counts_as_spent(seed: int, killed_at_s: float) -> None:
    world = World(caps=Budget(tokens=CAP), workers=4, users=8, delay_s=0.05, frugal=0.3, seed=seed)
    world.later(killed_at_s, lambda: world.kill(world.workers_of_run[1]))

    world.run()

    assert world.ledger.exhausted(world.now_ns) is not None
    assert world.highest.tokens <= CAP
    assert world.spent.tokens > 0.75 * CAP


def test_a_worker_that_was_thought_lost_and_comes_back_goes_on_with_what_it_held() -> None:
    ledger, allowance = Ledger(Budget(requests=10)), Allowance()
    assert pay(allowance, ledger, tokens(5))
    ledger.lose(0)
    assert ledger.spent.requests == 1

    allowance.reconcile(tokens(5), tokens(3))
    exchange(allowance, ledger, 2 * NS)

    assert ledger.spent == Cost(requests=1, tokens=3)


@pytest.mark.parametrize("workers", [1, 4, 16])
def test_an_answer_that_takes_more_than_it_may_passes_the_cap_by_no_more_than_that(workers: int) -> None:
    ledger = Ledger(Budget(tokens=1_000))
    allowances = [Allowance() for _ in range(workers)]
    spent = 0
    for turn in range(400):
        allowance = allowances[turn % workers]
        now_ns = turn * NS // 10
        if allowance.reserve("user", tokens(100), now_ns):
            allowance.reconcile(tokens(100), tokens(150))
            spent += 150
        top_up = allowance.write_top_up(now_ns)
        if top_up is not None:
            allowance.add_grant(ledger.answer_top_up(turn % workers, top_up))

    assert ledger.exhausted(0) is not None
    assert 900 < spent <= 1_000 + 50 * 10


def test_what_one_answer_took_too_much_the_others_lack() -> None:
    ledger, first, second = Ledger(Budget(tokens=1_000)), Allowance(), Allowance()
    assert pay(first, ledger, tokens(100))
    first.reconcile(tokens(100), tokens(600))
    exchange(first, ledger, NS)

    second.reserve("user", tokens(401), NS)
    top_up = second.write_top_up(NS)
    assert top_up is not None

    assert ledger.answer_top_up(1, top_up).amount == Cost()
    assert ledger.exhausted(0) is not None


# -- how it ends ------------------------------------------------------------------------------------------------------


def test_one_process_spends_its_budget_to_the_last_request() -> None:
    ledger, allowance = Ledger(Budget(requests=3)), Allowance()

    paid = [pay(allowance, ledger, tokens(10)) for _ in range(4)]

    assert paid == [True, True, True, False]
    assert ledger.exhausted(0) is None, "three are in flight, and one of them might give back what it held"
    for _ in range(3):
        allowance.reconcile(tokens(10), tokens(10))
    assert not pay(allowance, ledger, tokens(10), NS)
    assert ledger.exhausted(0) == "the budget of 3 requests is used up"


def test_what_an_answer_did_not_take_is_spent_on_the_next() -> None:
    ledger, allowance = Ledger(Budget(tokens=1_000)), Allowance()
    assert pay(allowance, ledger, tokens(900))
    assert not pay(allowance, ledger, tokens(800))

    allowance.reconcile(tokens(900), tokens(150))

    assert pay(allowance, ledger, tokens(800), NS)


def test_the_sentence_names_the_cap_in_tokens_and_what_is_left_undone() -> None:
    ledger, allowance = Ledger(Budget(tokens=10_000)), Allowance()
    assert pay(allowance, ledger, tokens(9_824))
    allowance.reconcile(tokens(9_824), tokens(9_824))

    assert not pay(allowance, ledger, tokens(512), NS)

    assert ledger.exhausted(0) == (
        "the budget of 10,000 tokens is used up: 9,824 are spent, and the next request may take 512"
    )


def test_the_sentence_names_the_cap_in_dollars() -> None:
    ledger, allowance = Ledger(Budget(usd=0.05)), Allowance()
    assert pay(allowance, ledger, Cost(requests=1, nano_usd=49_000_000))
    allowance.reconcile(Cost(requests=1, nano_usd=49_000_000), Cost(requests=1, nano_usd=48_200_000))

    assert not pay(allowance, ledger, Cost(requests=1, nano_usd=2_000_000), NS)

    assert ledger.exhausted(0) == (
        "the budget of $0.05 is used up: $0.0482 are spent, and the next request may take $0.0020"
    )


@pytest.mark.parametrize(("after_s", "over"), [(149.9, False), (150.0, True)])
def test_minutes_are_counted_from_the_beginning_of_the_run(after_s: float, over: bool) -> None:
    said = Ledger(Budget(minutes=2.5)).exhausted(round(after_s * NS))
    of_a_run_that_goes_on = Ledger(Budget(minutes=2.5), earlier_ns=60 * NS).exhausted(round((after_s - 60) * NS))

    assert of_a_run_that_goes_on == said

    assert said == ("the budget of 2.5 min is used up" if over else None)


def test_without_a_cap_nothing_is_ever_used_up() -> None:
    ledger, allowance = Ledger(Budget()), Allowance()

    assert all(pay(allowance, ledger, Cost(1, 10**9, 10**15), turn) for turn in range(1000))
    assert ledger.exhausted(10**18) is None


# -- nobody waits -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 4, 16])
@pytest.mark.parametrize("delay_s", [0.02, 0.5])
def test_requests_hardly_ever_wait_for_their_grant(workers: int, delay_s: float) -> None:
    users = 256 // workers

    world = World(caps=Budget(tokens=6_000_000), workers=workers, users=users, delay_s=delay_s, answer_s=4.0).run()

    assert world.spent.tokens > 6_000_000 - 1_000
    middle = world.waits_s[1_000:7_000]
    assert sum(wait > 0 for wait in middle) < 0.01 * len(middle)


def test_the_first_requests_wait_for_one_exchange() -> None:
    world = World(caps=Budget(tokens=CAP), workers=4, users=16, delay_s=0.1).run(until_s=1.5)

    assert max(world.waits_s) < 2 * 2 * 0.1


def test_the_last_requests_wait_for_what_others_hold_to_come_back() -> None:
    world = World(caps=Budget(tokens=CAP), workers=4, users=16, delay_s=0.1, frugal=0.2).run()

    assert CAP - world.spent.tokens < 1_000
    assert max(world.waits_s) < 10


def test_an_idle_allowance_gives_back_what_the_others_lack() -> None:
    ledger, idle, busy = Ledger(Budget(tokens=1_000)), Allowance(), Allowance()
    for _ in range(5):
        assert pay(idle, ledger, tokens(100))
        idle.reconcile(tokens(100), tokens(10))
    assert not busy.reserve("user", tokens(900), NS)
    top_up = busy.write_top_up(NS)
    assert top_up is not None
    busy.add_grant(ledger.answer_top_up(1, top_up))
    assert not busy.reserve("user", tokens(900), NS), "the idle one holds what it did not spend"

    exchange(idle, ledger, 2 * NS)
    exchange(idle, ledger, 2 * NS)
    top_up = busy.write_top_up(2 * NS)
    assert top_up is not None
    busy.add_grant(ledger.answer_top_up(1, top_up))

    assert busy.reserve("user", tokens(900), 2 * NS)


# -- messages ---------------------------------------------------------------------------------------------------------


def test_a_top_up_request_that_is_repeated_counts_once() -> None:
    ledger, allowance = Ledger(Budget(requests=10)), Allowance()
    allowance.reserve("user", tokens(5), 0)
    top_up = allowance.write_top_up(0)
    assert top_up is not None

    first, second = ledger.answer_top_up(0, top_up), ledger.answer_top_up(0, top_up)
    allowance.add_grant(first)
    allowance.add_grant(second)

    assert first == second
    assert allowance.reserve("user", tokens(5), 0)
    assert not allowance.reserve("user", tokens(5), 0)


def test_a_top_up_request_that_is_not_answered_is_repeated_after_a_second() -> None:
    allowance = Allowance()
    allowance.reserve("user", tokens(5), 0)
    top_up = allowance.write_top_up(0)

    assert allowance.write_top_up(NS - 1) is None
    assert allowance.write_top_up(NS) == top_up


def test_an_answer_that_nobody_waits_for_is_void() -> None:
    allowance = Allowance()

    allowance.add_grant(Grant(number=7, amount=tokens(100), scarce=False))

    assert not allowance.reserve("user", tokens(100), 0)


def test_a_refused_allowance_asks_again_soon_but_not_at_once() -> None:
    ledger, allowance = Ledger(Budget(requests=1)), Allowance()
    assert pay(allowance, ledger, tokens(1))
    assert not pay(allowance, ledger, tokens(1))
    allowance.reserve("user", tokens(1), 0)

    assert allowance.write_top_up(NS // 20) is None
    assert allowance.write_top_up(NS // 10) is not None


def test_every_second_an_allowance_reports_what_it_spent() -> None:
    ledger, allowance = Ledger(Budget(requests=1_000)), Allowance()
    assert pay(allowance, ledger, tokens(30))
    allowance.reconcile(tokens(30), tokens(20))

    exchange(allowance, ledger, NS)

    assert ledger.spent == tokens(20)
