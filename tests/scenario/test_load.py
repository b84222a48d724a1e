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


def refusal(**keys: object) -> str:
    with pytest.raises(msgspec.ValidationError) as caught:
        made(**keys)
    return str(caught.value)


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


@pytest.mark.parametrize("levels", [[4, 1], [1, 1], [1, 4, 4]])
@pytest.mark.parametrize("key", ["users", "rate"])
def test_levels_ascend_without_repeats(key, levels):
    assert f"{key}: expected ascending numbers without repeats" in refusal(**{key: levels})


@pytest.mark.parametrize("keys", [{"users": [0]}, {"rate": [0]}, {"rate": [-1]}])
def test_a_level_is_above_zero(keys):
    assert ">" in refusal(**keys)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"rate": [1], "cv": 2}, 'cv: expected none without arrivals = "gamma", whose gaps it spreads, got 2.0'),
        ({"users": [1], "arrivals": "constant"}, 'arrivals: expected none in a closed loop, .*, got "constant"'),
        ({"users": [1], "max_in_flight": 5}, "max_in_flight: expected none in a closed loop"),
        ({"users": [1], "turns": 2}, "turns: expected none in a closed loop"),
        ({"search": SEARCH, "turns": 2}, "turns: expected none in a closed loop"),
        ({"rate": [1], "think": "1s"}, "think: expected none beside turns = 1"),
        ({"users": [1], "until": UNTIL, "measure": "9s"}, 'until: expected none beside measure = "9s"'),
        ({"users": [1], "until": UNTIL, "requests": 9}, "requests: expected none beside until"),
        ({"search": SEARCH, "until": UNTIL}, "until: expected none beside search"),
        ({"search": SEARCH, "repeats": 2}, "repeats: expected none beside search"),
        ({"search": SEARCH, "order": "together"}, 'order: expected none beside search, .*, got "together"'),
        ({"shape": "spike", "spike": SPIKE, "measure": "9s"}, "measure: expected none beside shape"),
        ({"shape": "spike", "spike": SPIKE, "until": UNTIL}, "until: expected none beside shape"),
        ({"shape": "spike", "spike": SPIKE, "requests": 9}, "requests: expected none beside shape"),
        ({"shape": "spike"}, 'spike: expected a table \\[load.spike\\] beside shape = "spike", got none'),
        ({"shape": "soak", "soak": SOAK, "spike": SPIKE}, 'spike: expected none without shape = "spike", got one'),
        ({"users": [1], "spike": SPIKE}, 'spike: expected none without shape = "spike", got one'),
    ],
)
def test_what_cannot_be_meant_together_is_refused(keys, sentence):
    with pytest.raises(msgspec.ValidationError, match=f"^{sentence}"):
        made(**keys)


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
    made(**keys)


@pytest.mark.parametrize("shape", ["wave", "spikes", "SPIKE!"])
def test_a_shape_is_one_of_ours_or_a_class(shape):
    assert "shape" in refusal(shape=shape)


def test_a_search_goes_up_and_counts_whole_users():
    with pytest.raises(ValueError, match=r"to: expected more than from = 8, got 8"):
        Search(by="users", from_=8, to=8)
    with pytest.raises(ValueError, match=r"from: expected a whole number of users, got 1\.5"):
        Search(by="users", from_=1.5, to=8)
    assert Search(by="rate", from_=0.25, to=0.5).steps == 0


@pytest.mark.parametrize("metric", ["ttft_p95", "felt_ttft_p99", "tpot_p50"])
def test_a_level_is_measured_until_a_quantile_of_a_latency_is_narrow(metric):
    assert msgspec.convert(UNTIL | {"metric": metric}, Until).most == "300s"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"metric": "ttft_p90"}, "metric"),
        ({"metric": "ttft"}, "metric"),
        ({"within": 0}, "within"),
        ({"least": "5m", "most": "1m"}, 'most: expected at least least = "5m", got "1m"'),
    ],
)
def test_until_is_a_quantile_a_width_and_two_times(keys, words):
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert(UNTIL | keys, Until)
