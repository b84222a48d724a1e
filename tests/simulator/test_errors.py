"""Errors have OpenAI's shape and words, and never give a key away."""

import json

import pytest

from firsttoken.simulator.errors import broken, rate_limited, too_long, unknown_model, wrong_key


def test_an_error_is_one_object_of_message_type_param_and_code():
    assert json.loads(unknown_model("gpt-9").body()) == {
        "error": {
            "message": "The model `gpt-9` does not exist or you do not have access to it.",
            "type": "invalid_request_error",
            "param": None,
            "code": "model_not_found",
        }
    }


def test_a_wrong_key_is_shown_by_its_ends_only():
    message = wrong_key("sk-proj-abcdefgh1234").error["message"]
    assert message.startswith("Incorrect API key provided: sk-*************1234.")


def test_a_short_key_is_not_shown_at_all():
    assert "Incorrect API key provided: ******." in str(wrong_key("secret"))


def test_no_key_at_all_has_words_of_its_own():
    assert str(wrong_key("")).startswith("You didn't provide an API key.")


def test_a_prompt_beyond_the_window_is_told_its_length():
    error = too_long(8192, 9000, 0, "messages")
    assert (error.status, error.error["code"], error.error["param"]) == (400, "context_length_exceeded", "messages")
    assert "maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens." in str(error)


def test_a_prompt_that_only_its_output_pushes_beyond_the_window_is_told_both():
    assert "you requested 9000 tokens (8000 in the messages, 1000 in the completion)" in str(
        too_long(8192, 8000, 1000, "messages")
    )


@pytest.mark.parametrize(("wait_s", "seconds", "milliseconds"), [(0.25, "1", "250"), (2.0, "2", "2000"), (0, "0", "0")])
def test_a_429_says_when_to_come_back_in_whole_seconds_and_in_milliseconds(wait_s, seconds, milliseconds):
    assert rate_limited("wait", wait_s).headers == {"retry-after": seconds, "retry-after-ms": milliseconds}


def test_a_broken_server_says_server_error():
    assert broken({}).error["type"] == "server_error"
