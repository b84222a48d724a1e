"""The load of a scenario: what its levels count, how many requests may be open, and what cannot be meant together."""

import msgspec
import pytest

from firsttoken.scenario.load import Load, Search, Until

SPIKE = {"by": "rate", "base": 1, "peak": 9, "before": "5s", "lasts": "2s", "after": "3s"}
SOAK = {"by": "users", "at": 8, "lasts": "1h"}
SEARCH = {"by": "users", "from": 1, "to": 256}
UNTIL = {"metric": "ttft_p95", "within": 0.05}


def made(**keys: object) -> Load:
    return msgspec.convert(keys, Load)


@pytest.mark.parametrize(
    ("keys", "by"),
    [
        ({"users": [1, 4]}, "users"),
        ({"rate": [0.5, 1]}, "rate"),
        ({"search": SEARCH}, "users"),
        ({"search": SEARCH | {"by": "rate", "from": 0.5}}, "rate"),
        ({"shape": "spike", "spike": SPIKE}, "rate"),
        ({"shape": "soak", "soak": SOAK}, "users"),
        ({"shape": "Waves"}, "users"),
        ({}, "rate"),
    ],
)
def test_a_level_counts_users_or_arrivals(keys, by):
    assert made(**keys).by == by


@pytest.mark.parametrize(("rate", "pool"), [(0.1, 100), (3.0, 100), (4.01, 121), (50, 1500), (1000, 10_000)])
def test_an_automatic_pool_holds_the_arrivals_of_30_s_within_bounds(rate, pool):
    assert made(rate=[rate]).pool(rate) == pool
    assert made(rate=[rate], max_in_flight=7).pool(rate) == 7


def test_the_pool_of_sessions_holds_all_their_turns_and_what_they_think_in_between():
    assert made(rate=[10], turns=5, think="30s").pool(10) == 10 * 5 * (30 + 30)
    assert made(rate=[10], turns=5, think="30s", max_in_flight=7).pool(10) == 7


@pytest.mark.parametrize(
    "keys",
    [
        {"rate": [1], "arrivals": "gamma", "cv": 2, "max_in_flight": 9},
        {"rate": [1], "turns": 3, "think": "1s"},
        {"users": [1], "until": UNTIL},
        {"users": [1], "measure": "9s", "requests": 9, "think": "1s", "order": "together", "repeats": 3},
        {"search": SEARCH, "arrivals": "constant", "max_in_flight": 9, "measure": "9s", "think": "1s"},
        {"shape": "soak", "soak": SOAK, "settle": "5s", "ramp": "1s", "repeats": 2, "order": "shuffle"},
    ],
)
def test_what_can_be_meant_together_is_not(keys):
    assert made(**keys)


def test_a_search_over_less_than_a_step_takes_none():
    assert Search(by="rate", from_=0.25, to=0.5).steps == 0


@pytest.mark.parametrize("metric", ["ttft_p95", "felt_ttft_p99", "tpot_p50"])
def test_a_level_is_measured_until_a_quantile_of_a_latency_is_narrow(metric):
    assert msgspec.convert(UNTIL | {"metric": metric}, Until).most == "300s"
