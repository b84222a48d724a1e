"""What was tested and what was not, in words."""

import msgspec
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


def scenario_of(load: dict[str, object]) -> Scenario:
    return replace(SCENARIO, load=msgspec.convert(load, Load))


REAL = Target(model="gpt-5.4", base_url="http://127.0.0.1:8000/v1")
PEAK = replace(SCENARIO, demand=Demand(requests_per_day=1e5, peak_rps=5))
SPIKE = {"by": "users", "base": 4, "peak": 64, "before": "30s", "lasts": "10s", "after": "60s"}
LOADS = [
    ({"users": [1, 4, 64]}, USERS, 64.0),
    ({"users": [1]}, USERS, 1.0),
    ({"rate": [0.5, 2.5]}, REQUESTS, 2.5),
    ({"rate": [2.0], "turns": 3}, SESSIONS, 2.0),
    ({"search": {"by": "users", "from": 1, "to": 256}}, USERS, 64.0),
    ({"shape": "spike", "spike": SPIKE}, USERS, 64.0),
    ({"shape": "Waves"}, USERS, 64.0),
]


def test_what_was_tested_and_what_was_not(snapshot):
    begun, lengths = "2026-01-05T10:00:00Z", Lengths(411, 128, 405, 128)
    reported = {
        "scope": describe_scope(SCENARIO, SCENARIO.target[0], USERS, 64.0, lengths, begun),
        "loads": [describe_load(scenario_of(load), unit, top) for load, unit, top in LOADS],
        "not tested, of a simulated target": untested(),
        "not tested, of an open loop": untested(unit=REQUESTS),
    }
    snapshot("scope", reported)


def test_each_of_these_takes_one_thing_off_what_was_not_tested():
    """A real server, a stated peak, and an open loop that confirmed the answer."""
    usual = untested()

    for fewer in (untested(target=REAL), untested(PEAK), untested(confirmed=True)):
        assert [line for line in usual if line in fewer] == fewer and len(fewer) == len(usual) - 1
