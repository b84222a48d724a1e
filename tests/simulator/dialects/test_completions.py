"""Legacy completions, byte for byte and by the models of the openai package."""

import msgspec
import pytest
from openai.types import Completion

from firsttoken.simulator.dialects.completions import Answer, read_ask
from firsttoken.simulator.errors import ApiError
from tests.simulator.asked import make_job, read_events, write_stream

BODY = {"model": "m", "prompt": "be brief please"}
WITH_USAGE = {"stream_options": {"include_usage": True}}


def ask(**fields: object):
    return read_ask(msgspec.json.encode(BODY | fields))


def answer(asked_tokens: int = 3, **fields: object) -> Answer:
    return Answer(ask(max_tokens=asked_tokens, stream=True, **fields), make_job(asked_tokens), "abc", 1_700_000_000)


def test_an_ask_is_read_from_the_body():
    read = ask(max_tokens=9, stream=True, **WITH_USAGE)
    assert (read.model, read.prompt.tokens, read.max_tokens, read.stream, read.include_usage) == ("m", 3, 9, True, True)


def test_a_list_of_one_prompt_is_that_prompt():
    assert ask(prompt=["be brief please"]).prompt == ask().prompt


def test_an_answer_of_open_length_has_the_sixteen_tokens_that_openai_gives():
    assert ask().max_tokens == 16


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"model": ""}, "you must provide a model parameter"),
        ({"prompt": ""}, "Missing required parameter: 'prompt'"),
        ({"prompt": ["a", "b"]}, "one prompt per request, got 2"),
        ({"prompt": [[1, 2]]}, "Invalid type for 'prompt\\[0\\]': expected a string, but got an array instead"),
        ({"max_tokens": 0}, "Invalid 'max_tokens'"),
        ({"n": 2}, "one choice per request, got 2"),
    ],
)
def test_what_cannot_be_served_is_refused_with_400(fields, words):
    with pytest.raises(ApiError, match=words) as caught:
        ask(**fields)
    assert caught.value.status == 400


def test_a_stream_is_its_tokens_then_its_finish_then_done():
    head = (
        b'data: {"id":"cmpl-abc","object":"text_completion","created":1700000000,"model":"m",'
        b'"system_fingerprint":"fp_m","choices":[{"index":0,"text":'
    )
    assert write_stream(answer(2)) == (
        head + b'"The","logprobs":null,"finish_reason":null}]}\n\n'
        + head + b'" first","logprobs":null,"finish_reason":null}]}\n\n'
        + head + b'"","logprobs":null,"finish_reason":"length"}]}\n\n'
        + b"data: [DONE]\n\n"
    )  # fmt: skip


def test_with_include_usage_every_chunk_says_null_but_the_last_which_has_no_choices():
    *chunks, last = read_events(write_stream(answer(3, **WITH_USAGE)))
    assert [chunk["usage"] for chunk in chunks] == [None] * 4
    assert last["choices"] == []
    assert (last["usage"]["prompt_tokens"], last["usage"]["completion_tokens"], last["usage"]["total_tokens"]) == (
        3,
        3,
        6,
    )


def test_the_whole_answer_passes_the_openai_package_s_own_validation():
    whole = Completion.model_validate_json(answer(3).whole(), strict=True)
    assert whole.choices[0].text == "The first word"
    assert whole.choices[0].finish_reason == "length"
    assert whole.usage and whole.usage.completion_tokens == 3
