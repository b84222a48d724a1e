"""What a scenario makes of a session: what it counts, and what it leaves alone."""

from firsttoken.load.session.build import open_limiter
from firsttoken.scenario.format import Budget, Scenario, Traffic
from firsttoken.scenario.load import Load
from firsttoken.scenario.target import Target

REAL = Target(model="m", name="real", base_url="http://127.0.0.1:1/v1", prices="unknown")
SIMULATED = Target(model="gpt-5-mini", name="simulated")


def bound(budget: Budget, target: str) -> int | None:
    """How many requests an attempt sets aside."""
    traffic = Traffic(locustfile="chat", input_tokens=40, output_tokens=100)
    scenario = Scenario(name="s", target=[REAL, SIMULATED], traffic=traffic, load=Load(users=[1]), budget=budget)
    cost = open_limiter(scenario).bound(target, 40, 100)
    return None if cost is None else cost.requests


def test_where_nothing_is_capped_nothing_is_counted():
    assert bound(Budget(), "real") is None
    assert bound(Budget(minutes=5), "real") is None


def test_a_cap_counts_real_targets_and_no_simulated_ones():
    for budget in (Budget(usd=1), Budget(tokens=1000), Budget(requests=10), Budget(quota_share=0.5)):
        assert bound(budget, "real") == 1
        assert bound(budget, "simulated") is None
