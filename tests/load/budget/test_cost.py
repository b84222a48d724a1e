"""What an attempt costs: never more than was estimated, and in truth what the report says of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from firsttoken.catalogue import LongContext, Source
from firsttoken.decide.measure.cost import Tokens, price_tokens
from firsttoken.load.budget.cost import NANO, AnswerGauge, Cost, PromptGauge, estimate, price, spent
from firsttoken.row import UNBILLED, Row

LONG = LongContext(over_tokens=1_000, input_multiple=2.0, output_multiple=1.5)
PRICED = Source(title="t", read="2026", input=1.25, cached_input=0.125, output=10.0, long_context=LONG)
COUNTS = st.integers(0, 5_000)


def ended(outcome: str = "ok", **fields: object) -> Row:
    return Row(**({"outcome": outcome, "sent_ns": 1} | fields))  # type: ignore[arg-type]  # a table of fields


def test_an_attempt_may_cost_its_whole_prompt_and_all_the_answer_that_it_may_have() -> None:
    assert estimate(400, 128, PRICED) == Cost(requests=1, tokens=528, nano_usd=400 * 1_250 + 128 * 10_000)


def test_without_a_price_dollars_are_bounded_by_nothing_but_tokens_are() -> None:
    assert estimate(400, 128, None) == Cost(requests=1, tokens=528)


def test_an_answer_costs_what_the_server_counted_cached_tokens_at_their_own_price() -> None:
    row = ended(input_tokens=400, cached_tokens=300, output_tokens=20)

    assert spent(row, PRICED, Cost(1, 9, 9)) == Cost(1, 420, 100 * 1_250 + 300 * 125 + 20 * 10_000)


@pytest.mark.parametrize("outcome", sorted(UNBILLED))
def test_what_was_refused_is_a_request_that_bills_no_token(outcome: str) -> None:
    assert spent(ended(outcome), PRICED, estimate(400, 128, PRICED)) == Cost(requests=1)


def test_what_was_never_sent_bills_no_token() -> None:
    assert spent(ended("cancelled_by_run", sent_ns=None), PRICED, estimate(400, 128, PRICED)) == Cost(requests=1)


@pytest.mark.parametrize("outcome", ["truncated", "deadline", "cancelled_by_run", "error_in_stream", "lost"])
def test_what_broke_off_untold_counts_as_whole_as_the_server_may_have_read_on(outcome: str) -> None:
    worst = estimate(400, 128, PRICED)

    assert spent(ended(outcome), PRICED, worst) == worst


@given(prompt=COUNTS, cached=st.floats(0, 1), answer=COUNTS, unused=COUNTS)
def test_an_answer_within_its_bounds_never_costs_more_than_was_estimated(
    prompt: int, cached: float, answer: int, unused: int
) -> None:
    row = ended(input_tokens=prompt, cached_tokens=int(prompt * cached), output_tokens=answer)
    worst = estimate(prompt, answer + unused, PRICED)

    assert spent(row, PRICED, worst).fits(worst)


@given(prompt=COUNTS, cached=st.floats(0, 1), answer=COUNTS)
def test_the_budget_reckons_dollars_as_the_report_does(prompt: int, cached: float, answer: int) -> None:
    held = int(prompt * cached)
    tokens = Tokens(np.array([float(prompt)]), np.array([float(held)]), np.array([float(answer)]))
    dollars = price_tokens(tokens, PRICED)
    assert dollars is not None

    assert price(prompt, held, answer, PRICED) / NANO == pytest.approx(dollars.total[0], abs=2 / NANO)


@given(prompt=COUNTS, cached=st.floats(0, 0.5), stored=st.floats(0, 0.5), answer=COUNTS)
def test_what_is_written_to_a_cache_costs_its_own_price_in_the_budget_and_in_the_report(
    prompt: int, cached: float, stored: float, answer: int
) -> None:
    held, written = int(prompt * cached), int(prompt * stored)
    source = replace(PRICED, cache_write=1.5)
    arrays = (np.array([float(each)]) for each in (prompt, held, answer, written))
    dollars = price_tokens(Tokens(*arrays), source)
    row = ended(input_tokens=prompt, cached_tokens=held, cache_write_tokens=written, output_tokens=answer)
    assert dollars is not None

    cost = spent(row, source, estimate(prompt, answer, source))

    assert cost.nano_usd / NANO == pytest.approx(dollars.total[0], abs=2 / NANO)
    assert cost.fits(estimate(prompt, answer, source))


@pytest.mark.parametrize(
    "counts",
    [
        {"input_tokens": -1},
        {"output_tokens": -1},
        {"cached_tokens": -80},
        {"cached_tokens": 5_000},
        {"cached_tokens": 6, "cache_write_tokens": 6},
        {"input_tokens": 10**20},
        {"output_tokens": 3_000_000, "bytes_received": 900},
        {"output_tokens": 20_000_000, "reasoning_tokens": 20_000_000},
    ],
)
def test_counts_that_cannot_be_neither_fill_a_budget_nor_empty_it(counts: dict[str, int]) -> None:
    row = ended(**{"input_tokens": 10, "output_tokens": 50, **counts})
    worst = estimate(400, 128, PRICED)

    assert spent(row, PRICED, worst) == worst


def test_hidden_reasoning_may_be_longer_than_what_streamed() -> None:
    row = ended(input_tokens=10, output_tokens=300_000, reasoning_tokens=299_000, bytes_received=90_000)

    assert spent(row, PRICED, Cost()).tokens == 300_010


@pytest.mark.parametrize(
    ("served", "is_known"), [(None, True), ("default", True), ("on_demand", True), ("flex", False)]
)
def test_dollars_of_another_tier_than_the_price_is_of_are_as_much_as_was_estimated(
    served: str | None, is_known: bool
) -> None:
    row = ended(input_tokens=10, output_tokens=5, service_tier=served)
    worst = estimate(400, 128, PRICED)

    cost = spent(row, PRICED, worst)

    assert cost.tokens == 15
    assert cost.nano_usd == (10 * 1_250 + 5 * 10_000 if is_known else worst.nano_usd)


def test_what_is_written_to_a_cache_without_a_price_of_it_costs_as_much_as_was_estimated() -> None:
    worst = estimate(400, 128, PRICED)

    assert (
        spent(ended(input_tokens=10, cache_write_tokens=5, output_tokens=5), PRICED, worst).nano_usd == worst.nano_usd
    )


def test_a_fraction_of_a_nanodollar_counts_as_a_whole_one() -> None:
    assert price(1, 0, 0, Source(title="t", read="", input=0.0001, output=0.0)) == 1


def test_a_million_small_costs_drift_nowhere() -> None:
    each = estimate(3, 1, Source(title="t", read="", input=0.1, output=0.1))

    assert sum([each] * 1_000, Cost()) == Cost(1_000, 4_000, 400_000)


def test_a_prompt_is_reckoned_long_until_the_server_has_counted_some() -> None:
    gauge = PromptGauge()
    assert gauge.bound(400) == 32 + 1_400

    for _ in range(PromptGauge.ENOUGH):
        gauge.record_prompt(400, Row(input_tokens=400 * 2 + 32))

    assert gauge.bound(400) == pytest.approx(32 + 880, abs=1)
    assert gauge.bound(40) == pytest.approx(32 + 88, abs=1)


def test_a_prompt_of_more_tokens_than_guessed_is_learned_from_at_once() -> None:
    gauge = PromptGauge()

    gauge.record_prompt(100, Row(input_tokens=632))
    gauge.record_prompt(100, Row())

    assert gauge.bound(100) == pytest.approx(32 + 660, abs=1)


def test_a_server_that_ignores_the_cap_is_reckoned_with_its_longest_answer_from_then_on() -> None:
    gauge = AnswerGauge()
    assert gauge.bound(16) == 16

    for asked, had in ((16, 12), (16, 200), (64, 60), (16, 150), (16, 30_000_000)):
        gauge.record_answer(asked, Row(output_tokens=had))

    assert (gauge.bound(16), gauge.bound(500)) == (200, 500)
