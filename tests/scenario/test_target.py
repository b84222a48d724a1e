"""A target holds nothing that cannot be sent, and no key."""

import msgspec
import pytest

from firsttoken.scenario.headers import HeaderValue
from firsttoken.scenario.target import Target, find_variables
from firsttoken.wire.dialects import DIALECTS


def test_a_target_is_named_after_its_model_unless_it_says_otherwise():
    assert Target(model="gpt-5.4").name == "gpt-5.4"
    assert Target(model="gpt-5.4", name="careful").name == "careful"


def test_a_host_may_be_written_in_any_language():
    assert Target(model="m", base_url="https://bücher.example/v1").base_url == "https://bücher.example/v1"


@pytest.mark.parametrize(("header", "value"), [("X-Line\n", "v"), ("X-Line", "value\nX-Other: 1")])
def test_a_header_holds_no_line_end(header, value):
    with pytest.raises(ValueError, match=r"^headers: "):
        Target(model="m", headers={header: value})


@pytest.mark.parametrize("query", ["api-version=2024-10-21", "api-version=preview"])
def test_azures_version_may_stand_behind_a_base_url(query):
    url = f"https://name.openai.azure.com/openai/deployments/d?{query}"

    assert Target(model="m", base_url=url).base_url == url


HOSTED = {"model": "m", "base_url": "https://example.test/v1"}


@pytest.mark.parametrize("proxy", ["none", "http://squid.corp:3128", "squid.corp:3128"])
def test_a_target_may_say_its_own_way(proxy):
    assert Target(**HOSTED, proxy=proxy).proxy == proxy


def test_a_target_is_asked_on_the_wire_unless_it_says_otherwise():
    assert Target(model="m").client == "wire"
    assert Target(model="m", client="sdk").client == "sdk"


def test_other_headers_and_fields_pass():
    target = Target(model="m", headers={"X-Max-Tokens": "9", "OpenAI-Project": "p"}, extra_body={"max_tokens": 9})

    assert target.headers["X-Max-Tokens"] == "9"


@pytest.mark.parametrize(
    "model", ["big-model[1m]", "accounts/acme/models/q#accounts/acme/deployments/12", "a b", "模型"]
)
def test_a_models_id_is_whatever_the_server_calls_it(model):
    assert msgspec.convert({"model": model, "name": "box"}, Target).model == model


@pytest.mark.parametrize(
    ("model", "name"), [("big-model[1m]", "big-model-1m"), ("a/q#d/12", "a/q-d/12"), ("模型", "模型")]
)
def test_a_target_is_named_by_a_word_made_of_its_models_id(model, name):
    assert msgspec.convert({"model": model}, Target).name == name


def test_an_id_that_holds_no_word_needs_a_name_beside_it():
    with pytest.raises(msgspec.ValidationError, match="name: expected a name for the target"):
        msgspec.convert({"model": "[]"}, Target)


@pytest.mark.parametrize("model", ["", "  ", "two\nlines", "tab\there", "\x7f"])
def test_an_id_that_is_not_printable_is_none(model):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"model": model, "name": "box"}, Target)


def test_fields_of_ours_can_be_left_out():
    assert Target(model="m", omit=["stream_options", "max_completion_tokens"]).omit[0] == "stream_options"
    assert Target(model="m", api="responses", omit=["max_output_tokens"]).api == "responses"


def test_all_variables_that_a_target_needs_are_known():
    headers = {"X-A": HeaderValue(env="GATE"), "X-B": HeaderValue(value="v", public=True), "Accept": "a/b"}

    assert find_variables(Target(model="m", key_env="KEY", headers=headers)) == ["KEY", "GATE"]
    assert find_variables(Target(model="m")) == []


def test_a_tool_that_speaks_of_a_key_holds_none():
    schema = {"type": "object", "properties": {"api_key": {"type": "string"}}}

    assert Target(model="m", extra_body={"tools": [{"parameters": schema}]}).extra_body


def test_the_openai_package_is_asked_only_by_an_api_that_it_has_a_call_for(monkeypatch):
    monkeypatch.setitem(DIALECTS, "completions", DIALECTS["completions"]._replace(in_package=False))

    with pytest.raises(ValueError, match=r'^client: expected "wire" beside api = "completions"'):
        Target(model="m", api="completions", client="sdk")
