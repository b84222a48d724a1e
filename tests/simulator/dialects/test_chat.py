"""Chat completions, byte for byte and by the models of the openai package."""

import msgspec
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from firsttoken.simulator.dialects.chat import Answer, read_ask
from firsttoken.simulator.errors import ApiError
from tests.simulator.asked import make_job, read_events, write_stream

BODY = {"model": "m", "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}]}


def ask(**fields: object):
    return read_ask(msgspec.json.encode(BODY | fields))


def answer(asked_tokens: int | None = 3, **fields: object) -> Answer:
    return Answer(ask(max_tokens=asked_tokens, stream=True, **fields), make_job(asked_tokens), "abc", 1_700_000_000)


WITH_USAGE = {"stream_options": {"include_usage": True}}


def test_an_ask_is_read_from_the_body():
    read = ask(max_tokens=9, stream=True, **WITH_USAGE)
    assert (read.model, read.prompt.tokens, read.max_tokens, read.stream, read.include_usage) == ("m", 3, 9, True, True)


def test_max_completion_tokens_goes_before_max_tokens():
    assert ask(max_tokens=9, max_completion_tokens=5).max_tokens == 5


def test_nulls_mean_not_asked():
    read = ask(max_tokens=None, stream=None, stream_options=None, n=None)
    assert (read.max_tokens, read.stream, read.include_usage) == (None, False, False)


def test_an_image_is_found_where_it_is():
    content = [{"type": "text", "text": "what is this"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    read = ask(messages=[{"role": "user", "content": content}])
    assert (read.prompt.tokens, read.prompt.image_at) == (3, "messages.[0].content.[1]")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"model": ""}, "you must provide a model parameter"),
        ({"messages": []}, "Missing required parameter: 'messages'"),
        ({"messages": "hello"}, "Invalid type for 'messages': expected an array, but got a string instead"),
        ({"max_tokens": 0}, "Invalid 'max_tokens'"),
        ({"max_completion_tokens": -1}, "Invalid 'max_completion_tokens'"),
        ({"n": 2}, "one choice per request, got 2"),
    ],
)
def test_what_cannot_be_served_is_refused_with_400(fields, words):
    with pytest.raises(ApiError, match=words) as caught:
        ask(**fields)
    assert caught.value.status == 400


def test_a_stream_is_a_role_then_its_tokens_then_its_finish_then_done():
    head = (
        b'data: {"id":"chatcmpl-abc","object":"chat.completion.chunk","created":1700000000,"model":"m",'
        b'"service_tier":"default","system_fingerprint":"fp_m","choices":[{"index":0,"delta":'
    )
    end = b',"logprobs":null,"finish_reason":null}]}\n\n'
    assert write_stream(answer(2)) == (
        head + b'{"role":"assistant","content":"","refusal":null}' + end
        + head + b'{"content":"The"}' + end
        + head + b'{"content":" first"}' + end
        + head + b'{},"logprobs":null,"finish_reason":"length"}]}\n\n'
        + b"data: [DONE]\n\n"
    )  # fmt: skip


def test_with_include_usage_every_chunk_says_null_but_the_last_which_has_no_choices():
    *chunks, last = read_events(write_stream(answer(3, **WITH_USAGE)))
    assert [chunk["usage"] for chunk in chunks] == [None] * 5
    assert last["choices"] == []
    assert last["usage"]["prompt_tokens"] == 3
    assert last["usage"]["completion_tokens"] == 3
    assert last["usage"]["total_tokens"] == 6
    assert last["usage"]["prompt_tokens_details"]["cached_tokens"] == 0
    assert last["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0


def test_an_answer_of_open_length_stops_by_itself():
    finish = read_events(write_stream(answer(None)))[-1]["choices"][0]["finish_reason"]
    assert finish == "stop"


def test_every_chunk_and_the_whole_answer_pass_the_openai_package_s_own_validation():
    for chunk in read_events(write_stream(answer(3, **WITH_USAGE))):
        ChatCompletionChunk.model_validate(chunk, strict=True)
    whole = ChatCompletion.model_validate_json(answer(3).whole(), strict=True)
    assert whole.choices[0].message.content == "The first word"
    assert whole.choices[0].finish_reason == "length"
    assert whole.usage and whole.usage.completion_tokens == 3
