"""What will disappoint about a sound scenario is said beforehand, with what to write instead."""

import msgspec
import pytest

from firsttoken.catalogue import Model, Simulated, Source
from firsttoken.plan.warnings import assumed_speeds, idle_budgets, odd_sizes, short_ladders
from firsttoken.scenario.format import Scenario

FAST = Model(
    name="fast-1",
    title="Fast 1",
    vendor="Somebody",
    sources={"list": Source(title="a page", read="2026", input=1.0, output=4.0, ttft_s=0.5, tokens_per_s=100)},
)
CATALOGUE = {"fast-1": FAST}
PEAK = {"requests_per_day": 1000, "peak_rps": 10}
"""With 30 % headroom it needs 13 requests/s."""


def scenario(load: dict[str, object], demand: object = None, **target: object) -> Scenario:
    data = {
        "name": "made",
        "target": [{"model": "fast-1", "prices": "list", **target}],
        "traffic": {"locustfile": "chat", "input_tokens": 400, "output_tokens": 50},
        "load": load,
        "slo": {"ttft": "1s"},
    }
    return msgspec.convert(data | ({"demand": demand} if demand else {}), Scenario)


def test_a_ladder_too_short_for_the_peak_is_warned_of_with_the_level_it_lacks():
    """A cycle takes 0.5 s + 50/100 s = 1 s: four users offer 4 requests/s."""
    (warning,) = short_ladders(scenario({"users": [1, 4]}, PEAK), CATALOGUE)

    assert (
        "your demand needs 13 requests/s, and 4 users make at most 4, as one request takes each of them 1 s or more;"
        in warning
    )
    assert warning.endswith("add a level of at least 13 users")
    assert list(short_ladders(scenario({"users": [1, 13]}, PEAK), CATALOGUE)) == []


def test_think_time_makes_a_ladder_shorter():
    assert len(list(short_ladders(scenario({"users": [13], "think": "1s"}, PEAK), CATALOGUE))) == 1


SOAK = {"by": "rate", "at": 4, "lasts": "1h"}


@pytest.mark.parametrize(
    ("load", "way"),
    [
        ({"rate": [1, 4]}, "offers at most 4 requests/s, and your demand needs 13; add a level of at least 13/s"),
        (
            {"rate": [2], "turns": 2},
            "and your demand needs 13; add a level of at least 6.5/s",
        ),
        ({"search": {"by": "users", "from": 1, "to": 4}}, "search up to at least 13 users"),
        ({"search": {"by": "rate", "from": 1, "to": 4}}, "search up to at least 13/s"),
        ({"shape": "soak", "soak": SOAK}, "let the shape reach at least 13/s"),
    ],
)
def test_every_load_that_stays_below_the_demand_is_warned_of(load, way):
    (warning,) = short_ladders(scenario(load, PEAK), CATALOGUE)

    assert way in warning


@pytest.mark.parametrize("load", [{"rate": [13]}, {"rate": [6.5], "turns": 2}, {"shape": "Waves"}])
def test_a_load_that_reaches_it_or_that_nobody_knows_is_not(load):
    assert list(short_ladders(scenario(load, PEAK), CATALOGUE)) == []


def test_no_speed_or_no_demand_gives_no_warning():
    unknown = scenario(
        {"users": [1]}, {"requests_per_day": 9e9}, model="mine", prices="unknown", base_url="http://127.0.0.1/v1"
    )

    assert list(short_ladders(unknown, CATALOGUE)) == []
    assert list(short_ladders(scenario({"users": [1]}), CATALOGUE)) == []


def test_a_budget_that_bounds_nothing_is_warned_of():
    capped = scenario({"users": [1]})
    capped = msgspec.structs.replace(capped, budget=msgspec.structs.replace(capped.budget, tokens=10_000))
    real = msgspec.structs.replace(scenario({"users": [1]}, base_url="http://127.0.0.1/v1"), budget=capped.budget)

    (warning,) = idle_budgets(capped)
    assert "simulated targets never count" in warning
    assert list(idle_budgets(real)) == []
    assert list(idle_budgets(scenario({"users": [1]}))) == []


def test_a_speed_that_no_source_states_is_called_assumed():
    silent = Model(name="silent", title="S", vendor="V", sources={"list": Source(title="p", read="2026")})
    made = scenario({"users": [1]}, model="silent").target

    (warning,) = assumed_speeds(made, {"silent": silent})

    assert warning.startswith("silent: no source states its speed, so the simulator assumes one, ")
    assert "a first token after 1 s and 100 tokens/s" in warning


@pytest.mark.parametrize(
    "target",
    [
        {"model": "fast-1"},
        {"model": "silent", "base_url": "http://127.0.0.1:1/v1"},
        {"model": "silent", "simulator": Simulated(ttft_s=0.5, tokens_per_s=50)},
    ],
)
def test_nothing_is_assumed_of_what_is_published_real_or_stated(target):
    silent = Model(name="silent", title="S", vendor="V", sources={"list": Source(title="p", read="2026")})

    assert list(assumed_speeds(scenario({"users": [1]}, **target).target, CATALOGUE | {"silent": silent})) == []


@pytest.mark.parametrize(
    ("load", "words"),
    [
        ({"users": [1_000_000_000], "measure": "5s"}, "1,000,000,000 users are more than 100,000"),
        ({"rate": [200_000], "measure": "5s"}, "200,000 requests a second are more than 100,000"),
        ({"users": [1], "measure": "999999h"}, "a level may take 41,667 days"),
    ],
)
def test_a_load_that_is_hardly_meant_gives_a_warning(load, words):
    (warning,) = odd_sizes(scenario(load))

    assert words in warning


@pytest.mark.parametrize("load", [{"users": [10_000]}, {"users": [1], "measure": "72h"}, {"shape": "Waves"}])
def test_a_large_load_and_a_long_soak_are_not(load):
    assert list(odd_sizes(scenario(load))) == []


def test_plain_http_to_the_port_of_tls_gives_a_warning():
    (warning,) = odd_sizes(scenario({"users": [1]}, base_url="http://127.0.0.1:443/v1"))

    assert "write https://" in warning
