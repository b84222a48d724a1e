"""What each chunk of a chat stream means, whatever shape its fields have."""

import pytest

from firsttoken.wire.dialects.chat import read_chat
from firsttoken.wire.dialects.dialect import FOREIGN, HIDDEN, NOTHING, SUMMARY, VISIBLE, Meaning
from firsttoken.wire.fields.usage import Usage
from firsttoken.wire.outcome import ProtocolError


def chat(delta: str, finish: str = "null", rest: str = "") -> bytes:
    return f'{{"choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]{rest}}}'.encode()


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
        ('{"content":[{"type":"text","text":""}]}', NOTHING),
        ('{"content":[]}', NOTHING),
        ('{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]}]}', HIDDEN),
        ('{"content":[{"type":"thinking","thinking":"Hm"},{"type":"text","text":"Hi"}]}', VISIBLE),
        ('{"content":[{"text":"Hm","thought":true}]}', HIDDEN),
        ('{"content":"","reasoning_details":[{"type":"reasoning.text","text":"Hm"}]}', HIDDEN),
        ('{"reasoning_details":[{"type":"reasoning.encrypted","data":"xyz"}]}', NOTHING),
        ('{"reasoning_details":[{"type":"reasoning.summary","summary":"Hm"}]}', SUMMARY),
        ('{"thinking":"Hm"}', HIDDEN),
        ('{"thinking_blocks":[{"type":"thinking","thinking":"Hm","signature":""}]}', HIDDEN),
        ('{"thinking_blocks":[{"type":"thinking","thinking":"","signature":"abc"}]}', NOTHING),
        ('{"audio":{"id":"a","transcript":"Hi"}}', VISIBLE),
        ('{"audio":{"id":"a","expires_at":1700000000}}', NOTHING),
        ('{"tool_calls":{}}', NOTHING),
        ('{"tool_calls":[null]}', NOTHING),
        ('{"tool_calls":[{"index":0,"id":"c1","type":"function"}]}', NOTHING),
        ('{"function_call":""}', NOTHING),
        ("[]", NOTHING),
        ('"Hi"', VISIBLE),
        ('{"content":"Hi","unknown":{"x":[1]}}', VISIBLE),
    ],
)
def test_a_chat_delta_is_a_token_only_if_it_says_something(delta, meaning):
    assert read_chat(chat(delta)) is meaning


def test_the_finish_reason_may_come_with_a_token_and_with_usage():
    usage = ',"usage":{"prompt_tokens":11,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":4}}'

    meaning = read_chat(chat('{"content":"."}', '"stop"', usage))

    assert meaning == Meaning("visible", "stop", Usage({"input": 11, "cached": 4, "output": 7}))


def test_usage_in_its_own_chunk():
    usage = b'{"prompt_tokens":11,"completion_tokens":7,"completion_tokens_details":{"reasoning_tokens":3}}'

    assert read_chat(b'{"choices":[],"usage":%b}' % usage) == Meaning(
        usage=Usage({"reasoning": 3, "input": 11, "output": 7})
    )


def test_usage_null_is_no_usage():
    assert read_chat(chat('{"content":"Hi"}', rest=',"usage":null')) is VISIBLE


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


@pytest.mark.parametrize("data", [b"", b"hello", b'{"choices":[', b'{"x":' * 99_999])
def test_what_is_no_chunk_is_refused_with_its_beginning(data):
    with pytest.raises(ProtocolError, match=r"expected an event of the chat API, got '"):
        read_chat(data)


@pytest.mark.parametrize("finish", ["0", "false", '""', "[]", "{}"])
def test_a_finish_reason_that_is_no_word_is_none(finish):
    assert read_chat(chat('{"content":"Hi"}', finish)) is VISIBLE


@pytest.mark.parametrize(
    "data",
    [
        b'{"choices":{},"usage":{"prompt_tokens":11}}',
        b'{"choices":[],"x_groq":{"usage":{"prompt_tokens":11}}}',
        b'{"choices":[{"delta":[],"usage":{"prompt_tokens":11}}]}',
        b'{"usage":{"prompt_tokens":11}}',
    ],
)
def test_usage_is_found_in_each_of_its_places(data):
    assert read_chat(data) == Meaning(usage=Usage({"input": 11}))


@pytest.mark.parametrize("data", [b'{"type":"ping"}', b"{}", b"[1]", b"[]", b'{"message":"queued"}', b'{"id":"c"}'])
def test_an_object_without_choices_and_usage_is_none_of_the_answer(data):
    assert read_chat(data) is FOREIGN


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"error":{"message":"Overloaded","code":503}}', "Overloaded (503)"),
        (b'{"error":"Overloaded"}', "Overloaded"),
        (b'{"object":"error","message":"Overloaded","code":503}', "Overloaded (503)"),
        (b'{"detail":"engine died"}', "engine died"),
        (b'{"errors":[{"message":"engine died","code":7000}]}', "engine died (7000)"),
        (b'{"message":"engine died","code":500,"type":"InternalServerError","param":null}', "engine died (500)"),
        (b'[{"error":{"message":"engine died","code":500}}]', "engine died (500)"),
        (b'{"choices":[{"delta":{},"finish_reason":"stop","error":{"code":502,"message":"gone"}}]}', "gone (502)"),
    ],
)
def test_an_error_is_found_wherever_it_stands(data, words):
    meaning = read_chat(data)

    assert meaning.error is not None
    assert meaning.error.words == words


def test_the_failure_of_the_server_behind_a_gateway_wins_over_the_gateways_reason():
    data = b'{"choices":[{"delta":{},"finish_reason":"stop","native_finish_reason":"MALFORMED_FUNCTION_CALL"}]}'

    assert read_chat(data).finish == "MALFORMED_FUNCTION_CALL"


@pytest.mark.parametrize("number", [b"NaN", b"-Infinity", b"1e999", b"9" * 400])
def test_a_number_that_json_does_not_have_does_not_spoil_a_chunk(number):
    data = b'{"choices":[{"delta":{"content":"Hi"},"logprobs":[%b]}],"usage":{"prompt_tokens":%b}}' % (number, number)

    assert read_chat(data).token == "visible"
