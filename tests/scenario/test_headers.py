"""A header's value is named where it may be a key, and written out where anyone may read it."""

import msgspec
import pytest

from firsttoken.scenario.headers import HeaderValue, check_variables, check_written, find_public, read_headers
from firsttoken.scenario.target import Target
from firsttoken.scenario.values import ScenarioError

HEADERS = {
    "OpenAI-Beta": "assistants=v2",
    "X-Team": HeaderValue(value="red", public=True),
    "Ocp-Apim-Subscription-Key": HeaderValue(env="GATEWAY_KEY"),
}


def test_values_come_from_the_scenario_and_from_the_environment():
    assert read_headers(HEADERS, {"GATEWAY_KEY": "k-1"}) == {
        "OpenAI-Beta": "assistants=v2",
        "X-Team": "red",
        "Ocp-Apim-Subscription-Key": "k-1",
    }


def test_only_what_the_scenario_says_is_public_is():
    assert find_public(HEADERS) == {"x-team"}


def test_a_scenario_writes_the_three_forms():
    made = msgspec.convert(
        {"model": "m", "headers": {"A": "x", "B": {"env": "B_KEY"}, "C": {"value": "y", "public": True}}}, Target
    )

    assert made.headers == {"A": "x", "B": HeaderValue(env="B_KEY"), "C": HeaderValue(value="y", public=True)}


@pytest.mark.parametrize(
    "name",
    ["Accept", "User-Agent", "OpenAI-Project", "anthropic-version", "X-Title", "x-request-priority"],
)
def test_a_name_that_holds_no_key_may_have_its_value_written_out(name):
    assert (
        check_written(
            {name: "plain", "X-Any": HeaderValue(value="v", public=True), "X-Key": HeaderValue(env="K")}, "target.t"
        )
        is None
    )


@pytest.mark.parametrize(
    ("held", "words"), [("", "run `export GATEWAY_KEY=...` first"), ("k-1\n", "contains a line end")]
)
def test_a_variable_that_cannot_be_sent_is_refused_before_anything_is(held, words):
    with pytest.raises(ScenarioError, match=r"^target\.t\.headers") as caught:
        check_variables(HEADERS, "target.t", {"GATEWAY_KEY": held})

    assert words in str(caught.value)
    assert "k-1" not in str(caught.value)


def test_what_an_application_asks_to_be_compressed_may_be_written_out():
    assert check_written({"Accept-Encoding": "gzip, deflate"}, "target.t") is None
