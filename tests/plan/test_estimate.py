"""What a run will take is said beforehand: bounds, what they rest on, and whether somebody has to agree."""

from typing import Any

import msgspec
import pytest

from firsttoken.catalogue import LongContext, Model, Source
from firsttoken.load.budget.cost import PromptGauge
from firsttoken.plan.estimate import estimate_run
from firsttoken.scenario.format import Scenario

HOSTED = {"model": "paid", "prices": "list", "base_url": "http://127.0.0.1:1/v1"}
OWN = {"model": "mine", "name": "mine", "prices": "unknown", "base_url": "http://127.0.0.1:1/v1"}
SIMULATED = {"model": "paid", "name": "stand-in", "prices": "list"}
SOURCE = Source(title="a page", read="2026", input=10.0, output=100.0, ttft_s=0.5, tokens_per_s=100)
CATALOGUE = {"paid": Model(name="paid", title="Paid", vendor="V", sources={"list": SOURCE})}
SILENT = {"paid": Model(name="paid", title="Paid", vendor="V", sources={
    "list": Source(title="a page", read="2026", input=10.0, output=100.0)
})}  # fmt: skip
FIXED = {"ramp": "0s", "settle": "1s", "measure": "8s", "hold": "1s"}
LADDER = {"users": [1, 4], **FIXED}
"""Ten seconds a level, one second an answer of 50 tokens: 11 and 44 requests."""
PER_REQUEST = ((32 + 3.5 * 400) * 10 + 50 * 100) / 1e6


def scenario(*targets: dict[str, Any], load: object = LADDER, **tables: object) -> Scenario:
    data = {
        "name": "made",
        "target": list(targets),
        "traffic": {"locustfile": "chat", "input_tokens": 400, "output_tokens": 50},
        "load": load,
        "slo": {"ttft": "1s"},
        "retry": {"policy": "none"},
    }
    return msgspec.convert(data | tables, Scenario)


def test_a_priced_target_costs_its_attempts_at_most():
    estimate = estimate_run(scenario(HOSTED), CATALOGUE)

    (target,) = estimate.targets
    assert (target.stages, target.minutes) == ((2, 2), (18 / 60, 20 / 60))
    assert (target.requests, target.attempts) == (55, 55)
    assert (target.input_tokens, target.output_tokens) == (55 * 1432, 55 * 50)
    assert estimate.usd == target.usd == pytest.approx(55 * PER_REQUEST)


def test_a_simulated_target_costs_nothing_and_shows_what_it_would():
    """Its tokens are its words."""
    estimate = estimate_run(scenario(SIMULATED), CATALOGUE)

    assert estimate.usd == 0
    assert estimate.targets[0].usd == pytest.approx(55 * (400 * 10 + 50 * 100) / 1e6)
    assert estimate.question == ""


def test_targets_add_up_one_after_the_other_and_together_take_no_longer_than_one():
    pair = (HOSTED, HOSTED | {"name": "again"})

    in_turn = estimate_run(scenario(*pair), CATALOGUE)
    at_once = estimate_run(scenario(*pair, load={**LADDER, "order": "together"}), CATALOGUE)

    assert (in_turn.requests, at_once.requests) == (110, 110)
    assert (in_turn.minutes, at_once.minutes) == ((36 / 60, 40 / 60), (18 / 60, 20 / 60))


def test_retries_of_an_open_loop_are_billed_each_time():
    load = {"rate": [2], "arrivals": "constant", **FIXED}

    (target,) = estimate_run(scenario(HOSTED, load=load, retry={"policy": "openai"}), CATALOGUE).targets
    (custom,) = estimate_run(
        scenario(HOSTED, load=load, retry={"policy": "custom", "max_retries": 4}), CATALOGUE
    ).targets

    assert (target.requests, target.attempts, custom.attempts) == (20, 60, 100)
    assert target.usd == pytest.approx(60 * PER_REQUEST)


@pytest.mark.parametrize(
    ("budget", "attempts", "usd"),
    [
        ({"requests": 10}, 10, 10 * PER_REQUEST),
        ({"requests": 1000}, 55, 55 * PER_REQUEST),
        ({"usd": 10 * PER_REQUEST}, 55, 10 * PER_REQUEST),
        ({"tokens": 2_000}, 55, 2_000 * 100 / 1e6),
        ({"tokens": 14_820}, 55, 55 * PER_REQUEST),
    ],
)
def test_a_cap_of_the_budget_bounds_what_it_caps(budget, attempts, usd):
    """Prompts may have fewer tokens than reckoned, so that a cap on tokens lets through more attempts, all answer."""
    (target,) = estimate_run(scenario(HOSTED, budget=budget), CATALOGUE).targets

    assert target.attempts == attempts
    assert target.usd == pytest.approx(usd)
    assert target.input_tokens == min(budget.get("tokens", 10**9), attempts * 1432)


def test_a_cap_in_minutes_bounds_time_and_what_a_stage_sends_in_it():
    estimate = estimate_run(scenario(HOSTED, load={"users": [4], **FIXED}, budget={"minutes": 0.1}), CATALOGUE)

    assert estimate.minutes == (0.1, 0.1)
    assert estimate.requests == 28


def test_all_targets_share_one_budget():
    estimate = estimate_run(scenario(HOSTED, HOSTED | {"name": "again"}, budget={"requests": 50, "usd": 1}), CATALOGUE)

    assert (estimate.requests, estimate.usd) == (50, 1)


def test_simulated_targets_never_count_against_a_budget():
    assert estimate_run(scenario(SIMULATED, budget={"requests": 10}), CATALOGUE).requests == 55


def test_what_nobody_can_bound_is_unknown_and_has_to_be_agreed_to():
    estimate = estimate_run(scenario(HOSTED), SILENT)

    assert (estimate.requests, estimate.usd) == (None, None)
    assert estimate.question == (
        "The cost of this run is unknown (paid: its speed is not published), and no cap of [budget] limits it."
    )


@pytest.mark.parametrize("budget", [{"usd": 0.5}, {"requests": 5}])
def test_a_cap_bounds_what_nobody_else_can(budget):
    estimate = estimate_run(scenario(HOSTED, budget=budget), SILENT)

    assert 0 < estimate.usd <= 0.5
    assert estimate.question == ""


def test_a_server_of_ones_own_has_no_price_and_nobody_is_asked():
    estimate = estimate_run(scenario(OWN), CATALOGUE)

    assert (estimate.usd, estimate.question) == (0, "")
    assert "mine: its price is not known, and it is not in the sum." in estimate.assumes


def test_a_run_of_more_than_a_dollar_is_asked_about_with_the_sum():
    long = scenario(HOSTED, load={"users": [64], **FIXED})

    assert estimate_run(scenario(HOSTED), CATALOGUE).usd == pytest.approx(1.06, abs=0.01)
    assert estimate_run(long, CATALOGUE).question == "This run may cost up to $13.60; about $6.58 are expected."


def test_a_class_of_the_locustfile_is_not_predicted():
    estimate = estimate_run(scenario(HOSTED, load={"shape": "Waves"}), CATALOGUE)

    assert (estimate.minutes, estimate.requests, estimate.targets[0].stages) == (None, None, None)
    assert "only the class of the locustfile defines" in estimate.question


def test_a_trace_is_counted_request_by_request(tmp_path):
    path = tmp_path / "trace.csv"
    path.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2026-01-01 00:00:00,100,10\n2026-01-01 00:01:00,300,30\n")
    traffic = {"locustfile": "chat", "input_tokens": 1, "output_tokens": 1, "trace": str(path)}

    (target,) = estimate_run(scenario(SIMULATED, load={"hold": "30s"}, traffic=traffic), CATALOGUE).targets

    assert (target.requests, target.input_tokens, target.output_tokens) == (2, 400, 40)
    assert target.minutes == (1.0, 1.5)


def test_a_long_prompt_is_priced_at_its_tier():
    tier = LongContext(over_tokens=1000, input_multiple=2.0, output_multiple=1.5)
    source = msgspec.structs.replace(SOURCE, long_context=tier)
    tiered = {"paid": msgspec.structs.replace(CATALOGUE["paid"], sources={"list": source})}

    (target,) = estimate_run(scenario(HOSTED), tiered).targets

    assert target.usd == pytest.approx(55 * (1432 * 10 * 2 + 50 * 100 * 1.5) / 1e6)


def test_what_the_bounds_rest_on_is_said():
    assumes = " ".join(estimate_run(scenario(HOSTED, load={"users": [4]}, budget={"usd": 3}), CATALOGUE).assumes)

    assert "settle 3 to 60 s, measure 15 to 300 s, hold up to 120 s" in assumes
    assert "the published speed of a single user" in assumes
    assert "up to 3.5 tokens a word" in assumes
    assert "usd = 3" in assumes


def test_a_prompt_is_reckoned_as_the_budget_sets_it_aside():
    (target,) = estimate_run(scenario(HOSTED), CATALOGUE).targets

    assert target.input_tokens == target.attempts * PromptGauge().bound(400)


def test_what_is_expected_stands_beside_the_worst_case_before_and_after_the_cap():
    """Nine seconds of settle and measure at 1 s a request: 1 x 9 + 1 and 4 x 9 + 4 requests, no retry."""
    capped = estimate_run(scenario(HOSTED, budget={"usd": 0.5}, retry={"policy": "openai"}), CATALOGUE)
    usual = ((8 + 1.3 * 400) * 10 + 50 * 100) / 1e6

    assert (capped.usd, capped.worst_usd) == (0.5, pytest.approx(110 / 2 * PER_REQUEST * capped.attempts / 55))
    assert capped.targets[0].expected_usd == pytest.approx(50 * usual)
    assert capped.expected_usd == 0.5
    sentence = next(each for each in capped.assumes if each.startswith("Expected cost: "))
    assert f"Expected cost: about ${50 * usual:.2f}" in sentence
    assert f"worst case: ${capped.worst_usd:.2f} before any cap, and $0.50 after the caps of [budget]" in sentence
    assert "The cap of $0.50 will probably end the run before its plan is done." in capped.assumes


def test_a_cap_above_the_worst_case_is_not_told_as_one():
    estimate = estimate_run(scenario(HOSTED, budget={"usd": 50.0}), CATALOGUE)

    assert estimate.usd == estimate.worst_usd
    assert not any("after the caps" in each or "will probably end" in each for each in estimate.assumes)


def test_an_unknown_expectation_is_reported_as_unknown():
    estimate = estimate_run(scenario(HOSTED, budget={"usd": 1.0}), SILENT)

    assert (estimate.expected_usd, estimate.usd) == (None, 1.0)
    assert any("Expected cost: unknown" in each and "$1.00 after the caps" in each for each in estimate.assumes)


def test_a_prompt_is_priced_by_the_dearest_price_of_input_and_expected_at_the_fresh_one():
    dear = msgspec.structs.replace(SOURCE, cache_write=12.5, cached_input=1.0)
    catalogue = {"paid": Model(name="paid", title="Paid", vendor="V", sources={"list": dear})}

    estimate, plain = estimate_run(scenario(HOSTED), catalogue), estimate_run(scenario(HOSTED), CATALOGUE)

    assert estimate.usd == pytest.approx(55 * ((32 + 3.5 * 400) * 12.5 + 50 * 100) / 1e6)
    assert estimate.expected_usd == pytest.approx(plain.expected_usd)


def test_stages_that_may_not_be_run_are_expected_by_half():
    search = {"search": {"by": "rate", "from": 1, "to": 8}, "settle": "1s", "measure": "4s", "hold": "1s"}
    estimate = estimate_run(scenario(HOSTED, load=search), CATALOGUE)

    assert 0 < estimate.expected_usd < estimate.worst_usd / 2


def test_a_system_prompt_is_part_of_every_prompt():
    traffic = {"locustfile": "chat", "input_tokens": 400, "output_tokens": 50, "system": "Be brief and kind to all."}
    plain, instructed = (
        estimate_run(scenario(HOSTED, load={"users": [1], "requests": 10}, **tables), CATALOGUE)
        for tables in ({}, {"traffic": traffic})
    )

    assert instructed.input_tokens == plain.input_tokens + 21 * plain.attempts  # 6 words of 3.5 tokens at most


def test_what_a_plan_cannot_know_of_its_prompts_is_said():
    traffic = {"locustfile": "chat", "input_tokens": 400, "output_tokens": 50, "prompts": "asked.jsonl"}
    found = estimate_run(scenario(SIMULATED, load={"rate": [1], "turns": 3}, traffic=traffic), CATALOGUE)

    assert any(line.startswith("Prompts are as long as those of asked.jsonl: ") for line in found.assumes)
    assert any("keeps the history of a session" in line for line in found.assumes)
