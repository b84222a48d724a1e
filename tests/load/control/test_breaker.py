"""The breaker: a dead endpoint is left within seconds, a bad one never."""

import random

import pytest

from firsttoken.decoding.duration import NS
from firsttoken.load.control.breaker import Breaker
from firsttoken.row import OUTCOMES, Outcome


def watch(answers: list[tuple[float, bool]], *, streaming: int = 0) -> tuple[Breaker, float | None]:
    """Tell a breaker of attempts that ended at these seconds, well or badly, and when it tripped."""
    breaker, answered, failed = Breaker("codex"), 0, 0
    for at_s, well in answers:
        answered, failed = answered + well, failed + (not well)
        breaker.record_counts(answered=answered, failed=failed, streaming=streaming, now_ns=round(at_s * NS))
        if breaker.tripped:
            return breaker, at_s
    return breaker, None


@pytest.mark.parametrize(("per_second", "within_s"), [(2, 15), (10, 11), (1_000, 11), (10_000, 11)])
def test_a_dead_endpoint_is_left_within_seconds_however_many_users_ask(per_second: int, within_s: float) -> None:
    _, tripped_s = watch([(number / per_second, False) for number in range(20 * per_second)])

    assert tripped_s is not None
    assert tripped_s <= within_s


def test_an_endpoint_that_dies_in_the_middle_is_left_just_as_soon() -> None:
    well = [(number / 10, True) for number in range(1_000)]
    dead = [(100 + number / 10, False) for number in range(1_000)]

    _, tripped_s = watch(well + dead)

    assert tripped_s is not None
    assert 110 <= tripped_s <= 111


@pytest.mark.parametrize("per_second", [1, 3, 50])
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_every_other_attempt_may_fail_for_ever(per_second: int, share: float) -> None:
    draw = random.Random(7).random

    _, tripped_s = watch([(number / per_second, draw() > share) for number in range(100_000)])

    assert tripped_s is None


def test_a_server_that_answers_few_and_refuses_hundreds_is_alive() -> None:
    """16 streams of a minute run on while a thousand users are turned away 500 times a second."""
    refusals = [(number / 500, False) for number in range(30_000)]

    _, tripped_s = watch(refusals, streaming=16)

    assert tripped_s is None


def test_an_outage_shorter_than_its_patience_is_forgiven() -> None:
    _, tripped_s = watch(
        [(number / 100, False) for number in range(990)] + [(10.0, True), (10.1, False), (21.0, False)]
    )

    assert tripped_s is None


def test_a_few_failures_long_apart_are_not_enough() -> None:
    _, tripped_s = watch([(number * 60.0, False) for number in range(29)])

    assert tripped_s is None


def test_it_does_not_matter_which_worker_failed() -> None:
    """Counts of two workers added up once a second: the one alone is not enough."""
    breaker = Breaker("codex")
    for second in range(12):
        breaker.record_counts(answered=0, failed=2 * second + second, streaming=0, now_ns=second * NS)

    assert breaker.tripped is not None


def test_the_row_of_failures_goes_on_in_the_next_stage() -> None:
    breaker = Breaker("codex")
    for at_s, failed in [(0, 1), (4, 20), (5, 0), (9, 5), (11, 15)]:
        breaker.record_counts(answered=0, failed=failed, streaming=0, now_ns=at_s * NS)

    assert breaker.tripped is not None


def test_the_sentence_says_how_many_and_for_how_long_and_stays() -> None:
    breaker, _ = watch([(number / 4, False) for number in range(100)])
    breaker.record_counts(answered=1, failed=100, streaming=0, now_ns=99 * NS)

    assert breaker.tripped == (
        "codex: the last 41 attempts failed, with no answer for 10 s; the run stopped, as the endpoint is dead"
    )


def test_a_server_that_defends_itself_and_a_fault_of_ours_say_nothing_of_its_death() -> None:
    silent: set[Outcome] = {"rate_limited", "client_error", "cancelled_by_run", "cancelled_by_user", "lost"}

    assert all(OUTCOMES[outcome].alive is None for outcome in silent)
