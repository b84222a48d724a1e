"""A target holds nothing that cannot be sent, and no key."""

import msgspec
import pytest

from firsttoken.scenario.headers import HeaderValue
from firsttoken.scenario.target import Target, find_variables
from firsttoken.wire.dialects import DIALECTS


def test_a_target_is_named_after_its_model_unless_it_says_otherwise():
    assert Target(model="gpt-5.4").name == "gpt-5.4"
    assert Target(model="gpt-5.4", name="careful").name == "careful"


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://example.test/v1", "http://", "http://host:port/v1"])
def test_a_base_url_is_an_http_url(url):
    with pytest.raises(ValueError, match=r'^base_url: expected a URL such as "http://127\.0\.0\.1:8000/v1", got'):
        Target(model="m", base_url=url)


@pytest.mark.parametrize(
    "url", ["http://host/v1 ", "http://ho st/v1", "http://host/é", "http://a..b/v1", "http://" + "é" * 64, "http://h:0"]
)
def test_a_base_url_that_cannot_be_sent_is_refused(url):
    with pytest.raises(ValueError, match=r"^base_url: expected a URL such as"):
        Target(model="m", base_url=url)


def test_a_host_may_be_written_in_any_language():
    assert Target(model="m", base_url="https://bücher.example/v1").base_url == "https://bücher.example/v1"


@pytest.mark.parametrize(
    ("header", "value", "words"),
    [
        ("X Space", "v", "expected a header name, got 'X Space'"),
        ("X-Line\n", "v", "expected a header name"),
        ("X-Line", "value\nX-Other: 1", "the value of X-Line holds a line end"),
        ("X-Greek", "λ", "the value of X-Greek holds"),
        ("Host", "elsewhere", "Host is the connection's own; leave it out"),
        ("Content-Length", "7", "Content-Length is the connection's own; leave it out"),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused(header, value, words):
    with pytest.raises(ValueError, match=f"^headers: {words}"):
        Target(model="m", headers={header: value})


@pytest.mark.parametrize("url", ["https://me:hunter2@example.test/v1", "https://example.test/v1?key=hunter2"])
def test_a_base_url_holds_no_secret_and_the_refusal_repeats_none(url):
    with pytest.raises(ValueError, match="key_env") as caught:
        Target(model="m", base_url=url)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Authorization", "hunter2"),
        ("X-Api-Key", "hunter2"),
        ("api-key", "hunter2"),
        ("Cookie", "hunter2"),
        ("x-auth-token", "hunter2"),
        ("X-Harmless", "Bearer hunter2"),
    ],
)
def test_keys_are_named_never_written(header, value):
    with pytest.raises(ValueError, match=f"headers.{header}: expected no secret") as caught:
        Target(model="m", headers={header: value})

    assert "hunter2" not in str(caught.value)


def test_a_key_is_not_written_into_the_body_either():
    with pytest.raises(ValueError, match=r"^extra_body\.api_key: expected no secret"):
        Target(model="m", extra_body={"api_key": "hunter2"})


@pytest.mark.parametrize("query", ["api-version=2024-10-21", "api-version=preview"])
def test_azures_version_may_stand_behind_a_base_url(query):
    url = f"https://name.openai.azure.com/openai/deployments/d?{query}"

    assert Target(model="m", base_url=url).base_url == url


@pytest.mark.parametrize("query", ["api-version=1&key=hunter2", "api-version=1;x=hunter2", "API-VERSION=hunter2", "k"])
def test_nothing_else_may(query):
    with pytest.raises(ValueError, match=r"expected .* or with Azure's \?api-version=\.\.\.") as caught:
        Target(model="m", base_url=f"https://name.openai.azure.com/openai?{query}")

    assert "hunter2" not in str(caught.value)


HOSTED = {"model": "m", "base_url": "https://example.test/v1"}


@pytest.mark.parametrize("proxy", ["none", "http://squid.corp:3128", "squid.corp:3128"])
def test_a_target_may_say_its_own_way(proxy):
    assert Target(**HOSTED, proxy=proxy).proxy == proxy


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (HOSTED | {"proxy": "http://me:hunter2@h:1"}, "proxy: expected no user name or password, got one"),
        (HOSTED | {"proxy": "socks5://h:1"}, "proxy: expected an HTTP proxy .*, got one that is spoken to over socks5"),
        ({"model": "m", "proxy": "http://h:1"}, "proxy: expected none without a base_url"),
        ({"model": "m", "ca_file": "ca.pem"}, "ca_file: expected none without a base_url of https"),
        ({"model": "m", "base_url": "http://h/v1", "ca_file": "ca.pem"}, "ca_file: expected none without a base_url"),
        ({"model": "m", "client": "sdk", "connection": "per_request"}, 'connection: expected "reuse" beside client = '),
    ],
)
def test_a_key_that_means_nothing_beside_another_is_refused(keys, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}") as caught:
        Target(**keys)

    assert "hunter2" not in str(caught.value)


def test_a_target_is_asked_on_the_wire_unless_it_says_otherwise():
    assert Target(model="m").client == "wire"
    assert Target(model="m", client="sdk").client == "sdk"


def test_other_headers_and_fields_pass():
    target = Target(model="m", headers={"X-Max-Tokens": "9", "OpenAI-Project": "p"}, extra_body={"max_tokens": 9})

    assert target.headers["X-Max-Tokens"] == "9"


@pytest.mark.parametrize("field", ["model", "messages", "stream"])
def test_the_body_leaves_to_us_what_is_ours(field):
    with pytest.raises(ValueError, match=f"extra_body.{field}: expected other keys"):
        Target(model="m", extra_body={field: 1})


def test_a_real_server_is_not_simulated():
    simulated = {"slots": 4}

    with pytest.raises(msgspec.ValidationError, match="simulator: expected none beside base_url"):
        msgspec.convert({"model": "m", "base_url": "http://127.0.0.1/v1", "simulator": simulated}, Target)


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
    with pytest.raises(msgspec.ValidationError, match="name: expected a word to call the target by"):
        msgspec.convert({"model": "[]"}, Target)


@pytest.mark.parametrize("model", ["", "  ", "two\nlines", "tab\there", "\x7f"])
def test_an_id_that_is_not_printable_is_none(model):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"model": model, "name": "box"}, Target)


def test_fields_of_ours_can_be_left_out():
    assert Target(model="m", omit=["stream_options", "max_completion_tokens"]).omit[0] == "stream_options"
    assert Target(model="m", api="responses", omit=["max_output_tokens"]).api == "responses"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"omit": ["stream_option"]}, 'got "stream_option"; did you mean "stream_options"?'),
        ({"omit": ["max_tokens"]}, 'expected fields that FirstToken sends for api = "chat"'),
        ({"omit": ["stream_options"], "api": "responses"}, "(model, stream, max_output_tokens)"),
        ({"omit": ["messages"]}, 'got "messages"'),
        ({"omit": ["stream_options"], "extra_body": {"stream_options": {}}}, 'got "stream_options" in both'),
    ],
)
def test_a_field_that_is_never_sent_or_is_the_question_cannot_be_left_out(target, words):
    with pytest.raises(ValueError, match=r"^omit: expected") as caught:
        Target(model="m", **target)

    assert words in str(caught.value)


def test_all_variables_that_a_target_needs_are_known():
    headers = {"X-A": HeaderValue(env="GATE"), "X-B": HeaderValue(value="v", public=True), "Accept": "a/b"}

    assert find_variables(Target(model="m", key_env="KEY", headers=headers)) == ["KEY", "GATE"]
    assert find_variables(Target(model="m")) == []


@pytest.mark.parametrize("body", [{"provider": {"api_key": "hunter2"}}, {"backends": [{"auth": "Bearer hunter2"}]}])
def test_a_key_deep_in_the_body_is_refused_too(body):
    with pytest.raises(ValueError, match=r"^extra_body\..*: expected no secret") as caught:
        Target(model="m", extra_body=body)

    assert "hunter2" not in str(caught.value)


def test_a_tool_that_speaks_of_a_key_holds_none():
    schema = {"type": "object", "properties": {"api_key": {"type": "string"}}}

    assert Target(model="m", extra_body={"tools": [{"parameters": schema}]}).extra_body


def test_all_keys_that_mean_nothing_beside_others_are_told_at_once():
    with pytest.raises(ValueError, match=r"^proxy: expected none .*; ca_file: expected none .*; connection: expected"):
        Target(model="m", proxy="http://h:3128", ca_file="x.pem", client="sdk", connection="per_request")


def test_the_openai_package_is_asked_only_by_an_api_that_it_has_a_call_for(monkeypatch):
    monkeypatch.setitem(DIALECTS, "completions", DIALECTS["completions"]._replace(in_package=False))

    with pytest.raises(ValueError, match=r'^client: expected "wire" beside api = "completions"'):
        Target(model="m", api="completions", client="sdk")
