"""Tests of firsttoken/decide/client_cost.py."""

import pytest

from firsttoken.decide.client_cost import find_most_added, find_pairs, list_apart
from firsttoken.decide.study import Study
from firsttoken.stats.difference import subtract
from firsttoken.stats.estimate import Estimate
from tests.made_stage import FLAWLESS, Served
from tests.report.studies import make_study

WIRE = Served(ttft_s=0.7, tokens_per_s=140, batch_slowdown=0.5)
SLOW = Served(ttft_s=0.9, tokens_per_s=122.8, batch_slowdown=0.5)


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> Study:
    """A run of one model on the wire and through the package, which adds 200 ms to the first token."""

    def pair_up(scenario):
        scenario["target"][1] |= {"model": "gpt-5.4", "name": "sdk", "client": "sdk"}

    folder = tmp_path_factory.mktemp("both") / "run"
    return make_study(
        folder, pair_up, targets=("gpt-5.4", "sdk"), models={"sdk": SLOW}, levels=(1, 16), answers=FLAWLESS
    )


def as_estimate(result) -> Estimate:
    return Estimate(result.value, result.lo, result.hi, result.n, float(result.n))


def test_what_the_package_adds_is_a_result_of_the_target_that_goes_through_it(both):
    [pair] = find_pairs(both)
    added = both.result("sdk", "client_added_ttft_ms", level=16.0, q=0.5)
    wire, sdk = (as_estimate(both.result(each.name, "ttft_ms", level=16.0, q=0.5)) for each in pair)

    assert (added.value, added.lo, added.hi) == (
        subtract(wire, sdk).value, subtract(wire, sdk).lo, subtract(wire, sdk).hi
    )  # fmt: skip
    assert added.value > 190
    assert both.result("gpt-5.4", "client_added_ttft_ms", level=16.0, q=0.5) is None


def test_the_most_is_that_of_the_highest_load(both):
    assert find_most_added(both).level == 16.0
    assert list_apart(both) == []


def test_a_run_without_a_pair_has_no_such_results(tmp_path):
    study = make_study(tmp_path / "run", levels=(1,), targets=("gpt-5.4",))

    assert find_most_added(study) is None
    assert {each.metric for each in study.results}.isdisjoint({"client_added_ttft_ms", "client_added_tpot_ms"})
