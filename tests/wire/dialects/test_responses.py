"""What each event of a responses stream means, whatever shape its fields have."""

import pytest

from firsttoken.wire.dialects.dialect import FOREIGN, HIDDEN, NOTHING, SUMMARY, VISIBLE, WHOLE, Meaning
from firsttoken.wire.dialects.responses import read_responses
from firsttoken.wire.fields.usage import Usage
from firsttoken.wire.outcome import ProtocolError


@pytest.mark.parametrize(
    ("data", "meaning"),
    [
        (b'{"type":"response.created","response":{"usage":null,"error":null}}', NOTHING),
        (b'{"type":"response.queued"}', NOTHING),
        (b'{"type":"response.output_item.added","item":{"type":"reasoning"}}', NOTHING),
        (b'{"type":"response.content_part.added","part":{"type":"output_text","text":""}}', NOTHING),
        (b'{"type":"response.output_text.delta","delta":"Hi"}', VISIBLE),
        (b'{"type":"response.output_text.delta","delta":""}', NOTHING),
        (b'{"type":"response.output_text.done","text":""}', NOTHING),
        (b'{"type":"response.refusal.delta","delta":"I"}', VISIBLE),
        (b'{"type":"response.function_call_arguments.delta","delta":"{"}', VISIBLE),
        (b'{"type":"response.custom_tool_call_input.delta","delta":"x"}', VISIBLE),
        (b'{"type":"response.reasoning_text.delta","delta":"Let"}', HIDDEN),
        (b'{"type":"response.reasoning_summary_text.delta","delta":"**Think"}', SUMMARY),
        (b'{"type":"response.audio.delta","delta":"UklG"}', VISIBLE),
        (b'{"type":"response.audio.transcript.delta","delta":"Hi"}', VISIBLE),
        (b'{"type":"response.reasoning.delta","delta":"Hm"}', HIDDEN),
        (b'{"type":"response.output_text.delta","delta":[{"type":"text","text":""}]}', NOTHING),
        (b'{"sequence_number":3}', FOREIGN),
        (b'{"type":"keepalive"}', FOREIGN),
        (b'{"type":"response.some_new_thing","delta":{"x":1}}', NOTHING),
    ],
)
def test_an_event_of_a_responses_stream_means_what_its_type_says(data, meaning):
    assert read_responses(data) is meaning


USAGE = (
    b'{"input_tokens":11,"input_tokens_details":{"cached_tokens":4},'
    b'"output_tokens":7,"output_tokens_details":{"reasoning_tokens":3}}'
)
COUNTED = Usage({"cached": 4, "reasoning": 3, "input": 11, "output": 7})


@pytest.mark.parametrize(
    ("data", "meaning"),
    [
        (b'{"type":"response.completed","response":{"usage":%b}}' % USAGE, Meaning(finish="completed", usage=COUNTED)),
        (b'{"type":"response.completed","response":{}}', Meaning(finish="completed")),
        (b'{"type":"response.completed"}', Meaning(finish="completed")),
        (
            b'{"type":"response.incomplete","response":{"incomplete_details":{"reason":"content_filter"},"usage":%b}}'
            % USAGE,
            Meaning(finish="content_filter", usage=COUNTED),
        ),
        (b'{"type":"response.incomplete","response":{"incomplete_details":null}}', Meaning(finish="incomplete")),
    ],
)
def test_the_end_of_a_responses_stream(data, meaning):
    assert read_responses(data) == meaning


@pytest.mark.parametrize("data", [b"hello", b"{", b'{"type":"response.completed"'])
def test_what_is_no_event_is_refused_with_its_beginning(data):
    with pytest.raises(ProtocolError, match="expected an event of the responses API, got "):
        read_responses(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            b'{"type":"response.failed","response":{"error":{"code":"server_error","message":"Oh no"},"usage":null}}',
            "Oh no (server_error)",
        ),
        (b'{"type":"response.failed","response":{}}', "response.failed"),
        (
            b'{"type":"error","code":"busy","message":"Slow down"}',
            "Slow down (busy)",
        ),
        (b'{"type":"error","error":{"code":"x","message":"Slow down"}}', "Slow down (x)"),
        (b'{"type":"response.completed","response":{"status":"failed","error":{"message":"boom"}}}', "boom"),
        (b'{"type":"response.completed","response":{"status":"failed"}}', "the response's status is failed"),
        (b'{"error":{"message":"queue is full","code":"overloaded"}}', "queue is full (overloaded)"),
    ],
)
def test_a_failure_is_told_in_the_servers_words(data, words):
    meaning = read_responses(data)

    assert meaning.error is not None
    assert meaning.error.words == words


def test_the_kind_may_stand_in_the_events_name_and_the_payloads_wins():
    assert read_responses(b'{"delta":"Hi"}', b"response.output_text.delta") is VISIBLE
    assert read_responses(b'{"response":{}}', b"response.completed").finish == "completed"
    assert read_responses(b'{"type":"response.completed"}', b"response.created").finish == "completed"


@pytest.mark.parametrize(
    ("response", "finish", "counts"),
    [
        ('{"incomplete_details":"max_output_tokens","usage":{"output_tokens":3}}', "max_output_tokens", {"output": 3}),
        (
            '{"incomplete_details":[],"usage":{"output_tokens":3,"output_tokens_details":[]}}',
            "incomplete",
            {"output": 3},
        ),
        ('{"usage":{"prompt_tokens":100,"completion_tokens":40}}', "incomplete", {"input": 100, "output": 40}),
    ],
)
def test_an_odd_field_costs_only_itself(response, finish, counts):
    meaning = read_responses(b'{"type":"response.incomplete","response":%b}' % response.encode())

    assert meaning == Meaning(finish=finish, usage=Usage(counts))


@pytest.mark.parametrize(
    "data",
    [
        b'{"type":"response.output_text.done","text":"Once upon"}',
        b'{"type":"response.output_item.done","item":{"type":"function_call","name":"f","arguments":""}}',
        b'{"type":"response.output_item.done","item":{"type":"message","content":[{"type":"output_text","text":"Hi"}]}}',
    ],
)
def test_what_is_finished_may_never_have_been_streamed(data):
    assert read_responses(data) is WHOLE


@pytest.mark.parametrize(
    ("output", "token"),
    [
        ('[{"type":"message","content":[{"type":"output_text","text":"Hi"}]}]', "whole"),
        ('[{"type":"function_call","name":"f","arguments":"{}"}]', "whole"),
        ('[{"type":"message","content":[{"type":"output_text","text":""}]}]', None),
        ('[{"type":"reasoning","summary":[]}]', None),
        ("[]", None),
        ("7", None),
    ],
)
def test_the_end_may_hold_the_whole_product(output, token):
    meaning = read_responses(b'{"type":"response.completed","response":{"output":%b}}' % output.encode())

    assert (meaning.token, meaning.finish) == (token, "completed")
