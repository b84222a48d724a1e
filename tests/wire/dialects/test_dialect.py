"""How each API is asked."""

import msgspec
import pytest

from firsttoken.scenario.rules import API_PATHS
from firsttoken.sdk.package import CALLS
from firsttoken.simulator.dialects import ROUTES
from firsttoken.wire.dialects import DIALECTS


def test_every_api_that_a_scenario_may_name_is_served_and_known_to_the_checks():
    assert list(DIALECTS) == ["chat", "completions", "responses"]
    assert {f"/v1{dialect.path}" for dialect in DIALECTS.values()} == set(ROUTES)
    assert {dialect.path for dialect in DIALECTS.values()} <= set(API_PATHS)


def test_an_api_says_whether_the_openai_package_has_a_call_for_it():
    assert {name for name, dialect in DIALECTS.items() if dialect.in_package} == set(CALLS)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_an_api_names_the_fields_that_it_sends(dialect):
    assert tuple(msgspec.json.decode(dialect.body("m", "Hello", 16, {}))) == dialect.sent
    assert dialect.question in dialect.sent


def test_a_chat_body_asks_for_a_stream_with_usage():
    body = DIALECTS["chat"].body("m", "Hello", 64, {})

    assert msgspec.json.decode(body) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 64,
    }


def test_a_completions_body_asks_for_a_stream_with_usage():
    body = DIALECTS["completions"].body("m", "Hello", 64, {})

    assert msgspec.json.decode(body) == {
        "model": "m",
        "prompt": "Hello",
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 64,
    }


def test_a_responses_body_asks_for_a_stream():
    body = DIALECTS["responses"].body("m", "Hello", 64, {})

    assert msgspec.json.decode(body) == {"model": "m", "input": "Hello", "stream": True, "max_output_tokens": 64}


CONVERSATION = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hi."},
    {"role": "user", "content": "Bye"},
]


@pytest.mark.parametrize(
    ("api", "fields"),
    [
        ("chat", {"messages": CONVERSATION}),
        ("completions", {"prompt": "Be brief.\n\nHello\n\nHi.\n\nBye"}),
        ("responses", {"instructions": "Be brief.", "input": CONVERSATION[1:]}),
    ],
)
def test_a_conversation_goes_as_each_api_has_it(api, fields):
    body = msgspec.json.decode(DIALECTS[api].body("m", CONVERSATION, 64, {}))

    assert {key: body[key] for key in fields} == fields


def test_a_system_prompt_and_one_question_are_two_texts_to_the_responses_api():
    body = msgspec.json.decode(DIALECTS["responses"].body("m", CONVERSATION[:2], 64, {}))

    assert (body["instructions"], body["input"]) == ("Be brief.", "Hello")
    assert "instructions" not in msgspec.json.decode(DIALECTS["responses"].body("m", CONVERSATION[1:], 64, {}))


@pytest.mark.parametrize(
    ("api", "key"),
    [("chat", "max_completion_tokens"), ("completions", "max_tokens"), ("responses", "max_output_tokens")],
)
def test_a_length_left_open_is_not_asked_for(api, key):
    assert key not in msgspec.json.decode(DIALECTS[api].body("m", "Hello", None, {}))


@pytest.mark.parametrize("api", DIALECTS)
def test_the_extra_body_has_the_last_word(api):
    body = msgspec.json.decode(DIALECTS[api].body("m", "Hello", 64, {"model": "other", "temperature": 0}))

    assert (body["model"], body["temperature"], body["stream"]) == ("other", 0, True)
