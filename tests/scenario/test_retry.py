"""[retry] of a scenario: a policy by its name, or a custom one key by key."""

import pytest

from firsttoken.plan.retry import POLICIES, PolicyName, RetryPolicy
from firsttoken.scenario.retry import Retry, read_policy


def test_a_scenario_writes_it_down() -> None:
    retry = Retry(
        policy="custom",
        max_retries=4,
        base="200ms",
        cap="5s",
        jitter=0.5,
        on=[429, "5xx"],
        retry_after_max="30s",
        budget=0.1,
    )

    assert read_policy(retry) == RetryPolicy(
        max_retries=4,
        base_s=0.2,
        cap_s=5.0,
        jitter=0.5,
        retry_after_max_s=30.0,
        on=frozenset({429, "5xx"}),
        only_unanswered=False,
        heeds_advice=False,
        budget=0.1,
    )


@pytest.mark.parametrize("name", POLICIES)
def test_a_named_policy_is_that_of_the_table(name: PolicyName) -> None:
    assert read_policy(Retry(policy=name)) == POLICIES[name]
