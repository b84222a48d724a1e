"""What was tested and what was not, in words."""

import msgspec
import pytest
from msgspec.structs import replace

from firsttoken.decide.words.lengths import Lengths
from firsttoken.decide.words.load_unit import REQUESTS, SESSIONS, USERS, LoadUnit
from firsttoken.decide.words.scope import describe_load, describe_scope, list_untested
from firsttoken.scenario.format import Demand, Scenario, Spread, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.slo import Slo
from firsttoken.scenario.target import Target

SCENARIO = Scenario(
    name="words",
    target=[Target(model="gpt-5.4")],
    traffic=Traffic(locustfile="chat", input_tokens=Spread(median=400, p95=900), output_tokens=128),
    load=Load(users=[1, 64]),
    slo=Slo(ttft="1.5s"),
)


def untested(
    scenario: Scenario = SCENARIO, target: Target = SCENARIO.target[0], unit: LoadUnit = USERS, confirmed: bool = False
) -> list[str]:
    return list_untested(scenario, target, unit, 64.0, confirmed)


def test_what_a_simulator_answered_is_not_the_real_service():
    assert "The real service: a simulator answered." in untested()
    real = Target(model="gpt-5.4", base_url="http://127.0.0.1:8000/v1")
    assert "The real service: a simulator answered." not in untested(target=real)


def test_a_stated_peak_is_not_called_untested():
    sentence = "The busiest moment: no peak is stated."
    peak = replace(SCENARIO, demand=Demand(requests_per_day=1e5, peak_rps=5))

    assert sentence in untested()
    assert sentence not in untested(peak)


def test_only_a_closed_loop_that_nothing_confirmed_leaves_out_those_who_do_not_wait():
    sentence = "Users who do not wait for an answer before they ask again."

    assert sentence in untested()
    assert sentence not in untested(confirmed=True)
    assert sentence not in untested(unit=REQUESTS)


@pytest.mark.parametrize(
    ("unit", "sentence"), [(USERS, "More than 64 users at once."), (REQUESTS, "More than 64 requests/s.")]
)
def test_what_lies_above_the_highest_load_is_said_in_its_own_words(unit, sentence):
    assert sentence in untested(unit=unit)


def test_the_scope_says_what_was_tested_and_when_it_expires():
    lengths = Lengths(411, 128, 405, 128)

    assert describe_scope(SCENARIO, SCENARIO.target[0], USERS, 64.0, lengths, "2026-01-05T10:00:00Z") == (
        "gpt-5.4 at the built-in simulator, 1 to 64 users, prompts of 411 and answers of 128 tokens. "
        "Expires 30 days after 2026-01-05, or when endpoint, price or prompts change."
    )


@pytest.mark.parametrize(
    ("load", "unit", "top", "words"),
    [
        ({"users": [1, 4, 64]}, USERS, 64.0, "1 to 64 users"),
        ({"users": [1]}, USERS, 1.0, "1 user"),
        ({"rate": [0.5, 2.5]}, REQUESTS, 2.5, "0.5 to 2.5 requests/s"),
        ({"rate": [2.0], "turns": 3}, SESSIONS, 2.0, "2 sessions/s"),
        ({"search": {"by": "users", "from": 1, "to": 256}}, USERS, 64.0, "a search from 1 to 256 users"),
    ],
)
def test_a_load_is_reported_as_it_was_asked_for(load, unit, top, words):
    assert describe_load(scenario_of(load), unit, top) == words


def test_a_course_is_told_by_its_name_and_its_peak():
    spike = {"by": "users", "base": 4, "peak": 64, "before": "30s", "lasts": "10s", "after": "60s"}

    assert describe_load(scenario_of({"shape": "spike", "spike": spike}), USERS, 64.0) == "a spike of 64 users"
    assert describe_load(scenario_of({"shape": "Waves"}), USERS, 64.0) == "the shape Waves up to 64 users"


def scenario_of(load: dict[str, object]) -> Scenario:
    return replace(SCENARIO, load=msgspec.convert(load, Load))
