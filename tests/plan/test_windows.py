"""How long the phases of a level last, between which bounds."""

import math

import msgspec
import pytest

from firsttoken.plan.windows import Bounds, find_windows
from firsttoken.scenario.format import Scenario

SOAK = {"by": "rate", "at": 4, "lasts": "1h"}


def scenario(**load: object) -> Scenario:
    data = {
        "name": "made",
        "target": [{"model": "m"}],
        "traffic": {"locustfile": "chat", "input_tokens": 400, "output_tokens": 50},
        "load": load,
        "slo": {"ttft": "1s"},
    }
    return msgspec.convert(data, Scenario)


@pytest.mark.parametrize(
    ("load", "measure"),
    [
        ({"users": [4]}, (15, 300)),
        ({"users": [4], "measure": "9s"}, (9, 9)),
        ({"users": [4], "measure": "9s", "requests": 5}, (0, 9)),
        ({"users": [4], "requests": 5}, (0, math.inf)),
        ({"rate": [4], "until": {"metric": "ttft_p95", "within": 0.1, "least": "20s", "most": "90s"}}, (20, 90)),
        ({"search": {"by": "users", "from": 1, "to": 8}}, (5, 300)),
        ({"search": {"by": "users", "from": 1, "to": 8}, "measure": "3s"}, (3, 3)),
        ({"shape": "soak", "soak": SOAK}, (3600, 3600)),
    ],
)
def test_the_measure_phase_has_a_floor_and_a_cap(load, measure):
    assert find_windows(scenario(**load), 4).measure == measure


@pytest.mark.parametrize(("level", "ramp_s"), [(1, 0.02), (100, 2.0), (5000, 10.0)])
def test_an_automatic_ramp_grows_with_the_level_and_is_bounded(level, ramp_s):
    assert find_windows(scenario(users=[1]), level).ramp_s == pytest.approx(ramp_s)
    assert find_windows(scenario(users=[1], ramp="3s"), level).ramp_s == 3


def test_a_level_lasts_from_its_shortest_to_its_longest():
    windows = find_windows(scenario(users=[1], ramp="1s", settle="auto", measure="10s", hold="20s"), 1)

    assert windows.total == Bounds(1 + 3 + 10, 1 + 60 + 10 + 20)


def test_a_class_of_the_locustfile_is_not_predicted():
    assert find_windows(scenario(shape="Waves"), 1) is None
