"""The Responses API, event by event and by the models of the openai package."""

import msgspec
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from firsttoken.simulator.dialects.responses import Answer, read_ask
from firsttoken.simulator.errors import ApiError
from tests.simulator.asked import make_job, read_events, write_stream

EVENT = TypeAdapter[ResponseStreamEvent](ResponseStreamEvent)


def ask(**fields: object):
    return read_ask(msgspec.json.encode({"model": "m", "input": "one two three"} | fields))


def answer(asked_tokens: int | None = 3) -> Answer:
    return Answer(ask(max_output_tokens=asked_tokens, stream=True), make_job(asked_tokens), "abc", 1_700_000_000)


def test_an_ask_is_read_from_the_body():
    read = ask(max_output_tokens=9, stream=True)
    assert (read.model, read.prompt.tokens, read.max_tokens, read.stream) == ("m", 3, 9, True)


def test_instructions_count_as_prompt():
    assert ask(instructions="be brief").prompt.tokens == 5


def test_items_of_the_input_count_by_their_texts_and_show_their_images():
    content = [{"type": "input_text", "text": "what is this"}, {"type": "input_image", "image_url": "data:,"}]
    read = ask(input=[{"role": "user", "content": "hello"}, {"role": "user", "content": content}])
    assert (read.prompt.tokens, read.prompt.image_at) == (4, "input[1].content[1]")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"model": ""}, "Missing required parameter: 'model'"),
        ({"input": ""}, "Missing required parameter: 'input'"),
        ({"input": 5}, "expected a string or an array, but got an integer"),
        ({"max_output_tokens": 0}, "Invalid 'max_output_tokens'"),
    ],
)
def test_what_cannot_be_served_is_refused_with_400(fields, words):
    with pytest.raises(ApiError, match=words) as caught:
        ask(**fields)
    assert caught.value.status == 400


def test_a_token_is_one_delta_event_with_the_next_sequence_number():
    assert list(answer(2).tokens()) == [
        b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":%d,'
        b'"item_id":"msg_abc","output_index":0,"content_index":0,"delta":"%b","logprobs":[]}\n\n' % (number, word)
        for number, word in [(4, b"The"), (5, b" first")]
    ]


def test_events_come_in_openai_s_order_numbered_without_a_gap():
    events = read_events(write_stream(answer(2)))
    assert [event["type"] for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.incomplete",
    ]
    assert [event["sequence_number"] for event in events] == list(range(10))


def test_every_event_is_named_by_its_type_and_there_is_no_end_marker():
    stream = write_stream(answer(2))
    names = [line.removeprefix(b"event: ").decode() for line in stream.splitlines() if line.startswith(b"event: ")]
    assert names == [event["type"] for event in read_events(stream)]
    assert b"[DONE]" not in stream


def test_the_last_event_holds_the_usage_and_why_it_ended():
    response = read_events(write_stream(answer(3)))[-1]["response"]
    assert response["status"] == "incomplete"
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    usage = response["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (3, 3, 6)


def test_an_answer_of_open_length_completes():
    last = read_events(write_stream(answer(None)))[-1]
    assert last["type"] == "response.completed"
    assert last["response"]["incomplete_details"] is None


def test_every_event_and_the_whole_answer_pass_the_openai_package_s_own_validation():
    for event in read_events(write_stream(answer(3))):
        EVENT.validate_python(event)
    whole = Response.model_validate_json(answer(3).whole())
    assert whole.output_text == "The first word"
    assert whole.usage and whole.usage.output_tokens == 3
