"""How each API is asked, and what each of its events means."""

import msgspec
import pytest

from firsttoken.wire.dialects import DIALECTS
from firsttoken.wire.dialects.chat import read_chat
from firsttoken.wire.dialects.completions import read_completions
from firsttoken.wire.dialects.dialect import HIDDEN, NOTHING, SUMMARY, VISIBLE, Meaning, Usage
from firsttoken.wire.dialects.responses import read_responses
from firsttoken.wire.outcome import ProtocolError


def chat(delta: str, finish: str = "null", rest: str = "") -> bytes:
    return f'{{"choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]{rest}}}'.encode()


# -- how it is asked --------------------------------------------------------------------------------------------------


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


# -- chat -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("delta", "meaning"),
    [
        ('{"role":"assistant"}', NOTHING),
        ('{"role":"assistant","content":""}', NOTHING),
        ('{"role":"assistant","content":null}', NOTHING),
        ('{"role":"assistant","content":"Hi"}', VISIBLE),
        ("{}", NOTHING),
        ("null", NOTHING),
        ('{"content":"Hi"}', VISIBLE),
        ('{"content":" "}', VISIBLE),
        ('{"content":"","reasoning_content":"Let me"}', HIDDEN),
        ('{"content":null,"reasoning":"Let me"}', HIDDEN),
        ('{"reasoning_content":"","reasoning":null}', NOTHING),
        ('{"content":"Hi","reasoning_content":"Let me"}', VISIBLE),
        ('{"refusal":"I cannot"}', VISIBLE),
        ('{"content":null,"refusal":null}', NOTHING),
        ('{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]}', VISIBLE),
        ('{"tool_calls":[{"index":0,"function":{"arguments":"{\\"a"}}]}', VISIBLE),
        ('{"tool_calls":[{"index":0,"function":{"arguments":""}}]}', NOTHING),
        ('{"tool_calls":[{"index":0,"type":"custom","custom":{"name":"t","input":""}}]}', VISIBLE),
        ('{"tool_calls":[]}', NOTHING),
        ('{"tool_calls":null}', NOTHING),
        ('{"function_call":{"name":"f","arguments":""}}', VISIBLE),
        ('{"content":[{"type":"text","text":"Hi"}]}', VISIBLE),
        ('{"content":"Hi","unknown":{"x":[1]}}', VISIBLE),
    ],
)
def test_a_chat_delta_is_a_token_only_if_it_says_something(delta, meaning):
    assert read_chat(chat(delta)) is meaning


def test_the_finish_reason_may_come_with_a_token_and_with_usage():
    usage = ',"usage":{"prompt_tokens":11,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":4}}'

    meaning = read_chat(chat('{"content":"."}', '"stop"', usage))

    assert meaning == Meaning("visible", "stop", Usage(input=11, cached=4, output=7, reasoning=None))


def test_usage_in_its_own_chunk():
    usage = b'{"prompt_tokens":11,"completion_tokens":7,"completion_tokens_details":{"reasoning_tokens":3}}'

    assert read_chat(b'{"choices":[],"usage":%b}' % usage) == Meaning(usage=Usage(11, None, 7, 3))


def test_usage_null_is_no_usage():
    assert read_chat(chat('{"content":"Hi"}', rest=',"usage":null')) is VISIBLE


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"error":{"message":"Overloaded","code":503}}', "Overloaded (503)"),
        (b'{"error":"Overloaded"}', "Overloaded"),
        (b'{"object":"error","message":"Overloaded","code":503}', "Overloaded (503)"),
    ],
)
def test_an_error_object_in_a_chat_stream_is_an_error(data, words):
    assert read_chat(data) == Meaning(error=words)


def test_half_a_character_does_not_spoil_a_chunk():
    assert read_chat(b'{"choices":[{"delta":{"content":"\xf0\x9f"}}]}') is VISIBLE


@pytest.mark.parametrize(
    "words",
    [rb"\ud83d", rb"\uDE00", rb"\ud83d\ud83d", rb"\ud83d and on", rb"\\\ud83d", rb"\ud83d\ude00\ude00", rb"\ud83d\n"],
)
def test_half_an_escaped_character_does_not_spoil_a_chunk(words):
    assert read_chat(b'{"choices":[{"delta":{"content":"%b"}}]}' % words) is VISIBLE


@pytest.mark.parametrize("broken", [rb"\ud83", rb"\ud83d\x", rb"\ud83d"])
def test_what_half_an_escaped_character_does_not_explain_is_refused(broken):
    with pytest.raises(ProtocolError, match="expected an event of the chat API"):
        read_chat(b'{"choices":[{"delta":{"content":"%b}}]}' % broken)


@pytest.mark.parametrize("data", [b"", b"hello", b'{"choices":[', b"[1]", b'{"choices":"no"}', b'{"x":' * 99_999])
def test_what_is_no_chunk_is_refused_with_its_beginning(data):
    with pytest.raises(ProtocolError, match=r"expected an event of the chat API, got '"):
        read_chat(data)


# -- completions ------------------------------------------------------------------------------------------------------


def completion(text: str, finish: str = "null", rest: str = "") -> bytes:
    return f'{{"object":"text_completion","choices":[{{"text":{text},"finish_reason":{finish}}}]{rest}}}'.encode()


@pytest.mark.parametrize(("text", "meaning"), [('"Hi"', VISIBLE), ('" "', VISIBLE), ('""', NOTHING), ("null", NOTHING)])
def test_a_completion_is_a_token_only_if_it_says_something(text, meaning):
    assert read_completions(completion(text)) is meaning


def test_a_completion_may_end_with_its_last_token_and_the_usage():
    usage = ',"usage":{"prompt_tokens":11,"completion_tokens":7}'

    assert read_completions(completion('"."', '"length"', usage)) == Meaning(
        "visible", "length", Usage(11, None, 7, None)
    )


def test_an_error_object_in_a_completions_stream_is_an_error():
    assert read_completions(b'{"error":{"message":"Overloaded","code":503}}') == Meaning(error="Overloaded (503)")


def test_what_is_no_completion_is_refused_with_its_beginning():
    with pytest.raises(ProtocolError, match=r"expected an event of the completions API, got 'hello'"):
        read_completions(b"hello")


# -- responses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "meaning"),
    [
        (b'{"type":"response.created","response":{"usage":null,"error":null}}', NOTHING),
        (b'{"type":"response.queued"}', NOTHING),
        (b'{"type":"response.output_item.added","item":{"type":"reasoning"}}', NOTHING),
        (b'{"type":"response.content_part.added","part":{"type":"output_text","text":""}}', NOTHING),
        (b'{"type":"response.output_text.delta","delta":"Hi"}', VISIBLE),
        (b'{"type":"response.output_text.delta","delta":""}', NOTHING),
        (b'{"type":"response.output_text.done","text":"Hi"}', NOTHING),
        (b'{"type":"response.refusal.delta","delta":"I"}', VISIBLE),
        (b'{"type":"response.function_call_arguments.delta","delta":"{"}', VISIBLE),
        (b'{"type":"response.custom_tool_call_input.delta","delta":"x"}', VISIBLE),
        (b'{"type":"response.reasoning_text.delta","delta":"Let"}', HIDDEN),
        (b'{"type":"response.reasoning_summary_text.delta","delta":"**Think"}', SUMMARY),
        (b'{"type":"response.audio.delta","delta":"UklG"}', NOTHING),
        (b'{"type":"response.some_new_thing","delta":{"x":1}}', NOTHING),
    ],
)
def test_an_event_of_a_responses_stream_means_what_its_type_says(data, meaning):
    assert read_responses(data) is meaning


USAGE = (
    b'{"input_tokens":11,"input_tokens_details":{"cached_tokens":4},'
    b'"output_tokens":7,"output_tokens_details":{"reasoning_tokens":3}}'
)
COUNTED = Usage(input=11, cached=4, output=7, reasoning=3)


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
        (
            b'{"type":"response.failed","response":{"error":{"code":"server_error","message":"Oh no"},"usage":null}}',
            Meaning(error="Oh no (server_error)"),
        ),
        (b'{"type":"response.failed","response":{}}', Meaning(error="response.failed")),
        (
            b'{"type":"error","code":"busy","message":"Slow down"}',
            Meaning(error="Slow down (busy)"),
        ),
        (b'{"type":"error","error":{"code":"x","message":"Slow down"}}', Meaning(error="Slow down (x)")),
    ],
)
def test_the_end_of_a_responses_stream(data, meaning):
    assert read_responses(data) == meaning


@pytest.mark.parametrize("data", [b"hello", b'{"delta":"no type"}', b'{"type":"response.completed","response":7}'])
def test_what_is_no_event_is_refused_with_its_beginning(data):
    with pytest.raises(ProtocolError, match="expected an event of the responses API, got "):
        read_responses(data)
