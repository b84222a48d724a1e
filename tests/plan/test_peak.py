"""The most that a scenario asks for at once, whatever kind of load it is."""

from typing import Any

import msgspec
import pytest

from firsttoken.catalogue import Model, Source
from firsttoken.plan.peak import find_top, most_open, most_rps, unloaded_cycle_s
from firsttoken.scenario.format import Scenario

STAIRS = {"by": "users", "from": 1, "to": 9, "steps": 3, "each": "5s"}
SPIKE = {"by": "rate", "base": 1, "peak": 9, "before": "5s", "lasts": "2s", "after": "3s"}
QUICK = {"ttft_s": 0.5, "tokens_per_s": 100}


def scenario(load: dict[str, object], trace: str = "", **target: Any) -> Scenario:
    """One simulated target that answers 50 tokens in a second, unless told otherwise."""
    chosen = {"model": "m", "prices": "unknown", "simulator": QUICK} | target
    data = {
        "name": "made",
        "target": [chosen],
        "traffic": {"locustfile": "chat", "input_tokens": 400, "output_tokens": 50, "trace": trace},
        "load": load,
        "slo": {"ttft": "1s"},
    }
    return msgspec.convert(data, Scenario)


@pytest.mark.parametrize(
    ("load", "top", "rps", "opened"),
    [
        ({"users": [1, 20]}, 20, 20, 20),
        ({"users": [20], "think": "1s"}, 20, 10, 20),
        ({"rate": [0.5, 10]}, 10, 10, 300),
        ({"rate": [10], "turns": 3, "max_in_flight": 40}, 10, 30, 40),
        ({"search": {"by": "rate", "from": 1, "to": 8}}, 8, 8, 240),
        ({"search": {"by": "users", "from": 1, "to": 8}}, 8, 8, 240),
        ({"search": {"by": "users", "from": 1, "to": 8}, "max_in_flight": 5}, 8, 8, 8),
        ({"shape": "staircase", "staircase": STAIRS}, 9, 9, 9),
        ({"shape": "spike", "spike": SPIKE}, 9, 9, 270),
        ({"shape": "Waves"}, None, None, None),
    ],
)
def test_every_load_knows_its_top(load, top, rps, opened):
    made = scenario(load)

    assert find_top(made) == top
    assert most_rps(made, made.target[0], {}) == rps
    assert most_open(made, made.target[0], {}) == opened


def test_a_trace_knows_its_mean_rate(tmp_path):
    path = tmp_path / "trace.csv"
    rows = [f"2026-01-01 00:00:{second:02d},10,10" for second in range(11)]
    path.write_text("\n".join(["TIMESTAMP,ContextTokens,GeneratedTokens", *rows]))
    made = scenario({}, trace=str(path))

    assert find_top(made) == most_rps(made, made.target[0], {}) == 1.1
    assert most_open(made, made.target[0], {}) == 100


def test_the_speed_of_a_real_model_is_published_beside_its_prices_or_elsewhere():
    """The source of the prices states none; the other one says 0.5 s and 100 tokens/s."""
    prices = Source(title="prices", read="2026", input=1.0, output=4.0)
    speeds = Source(title="speeds", read="2026", ttft_s=0.5, tokens_per_s=100)
    catalogue = {"m": Model(name="m", title="M", vendor="V", sources={"list": prices, "other": speeds})}
    hosted = {"base_url": "http://127.0.0.1:1/v1", "simulator": {}}
    made = scenario({"users": [1]}, prices="list", **hosted)
    unheard_of = scenario({"users": [1]}, **hosted)

    assert unloaded_cycle_s(made, made.target[0], catalogue) == 1.0
    assert unloaded_cycle_s(unheard_of, unheard_of.target[0], {}) is None
