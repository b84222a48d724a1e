"""What a later version will understand is refused by name, and never ignored."""

import pytest

from firsttoken.scenario_format import ScenarioError
from firsttoken.scenario_later import refuse_later


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            {"load": {"rate": [1]}},
            "load.rate: expected no such key, as an open loop is not in this version; write users",
        ),
        ({"load": {"search": {}}}, "load.search: expected no such key, as a search for the knee is not in"),
        ({"load": {"shape": "spike"}}, "load.shape: expected no such key, as a load shape is not in this version"),
        ({"load": {"order": "together"}}, 'load.order: expected another value, as "together" is not in this version'),
        ({"traffic": {"trace": "a.csv"}}, "traffic.trace: expected no such key, as a trace is not in this version"),
        ({"retry": {"policy": "custom"}}, 'retry.policy: expected another value, as "custom" is not in this version'),
        ({"budget": {"usd": 5}}, "budget.usd: expected no such key, as a cap is not in this version"),
        ({"target": [{"model": "m", "api": "completions"}]}, 'target.m.api: expected another value, as "completions"'),
        (
            {"load": {"users": [1], "rate": [1]}},
            "load: expected exactly one of users, rate, search, shape, got users and",
        ),
    ],
)
def test_it_is_refused_with_what_to_write_instead(data, sentence):
    with pytest.raises(ScenarioError) as caught:
        refuse_later(data)

    assert str(caught.value).startswith(sentence)


def test_a_key_that_states_what_happens_anyway_is_no_contradiction():
    data = {
        "target": [{"model": "m", "api": "chat"}],
        "traffic": {"trace": ""},
        "budget": {"usd": 0, "tokens": 0, "requests": 0, "minutes": 0},
    }

    assert refuse_later(data) == {"target": [{"model": "m", "api": "chat"}], "traffic": {}}


def test_what_this_version_knows_passes_untouched():
    data = {"name": "s", "load": {"users": [1], "order": "abba"}, "retry": {"policy": "none"}, "budget": {"euro": 1}}

    assert refuse_later(data) == data
