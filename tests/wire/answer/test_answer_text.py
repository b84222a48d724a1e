"""The text of an answer is what its events say to a user, in every dialect."""

import json

import pytest

from firsttoken.wire.answer.answer_text import read_answer_text
from firsttoken.wire.dialects import DIALECTS

EVENTS = {
    "chat": [{"choices": [{"delta": {"content": word}}]} for word in ("Hel", "lo ", "world")],
    "completions": [{"choices": [{"text": word}]} for word in ("Hello", " world")],
    "responses": [{"type": "response.output_text.delta", "delta": word} for word in ("Hello", " world")],
}
WHOLE = {
    "chat": {"choices": [{"message": {"role": "assistant", "content": "Hello world"}}]},
    "completions": {"choices": [{"text": "Hello world"}]},
    "responses": {
        "type": "response.completed",
        "response": {
            "output": [
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}]},
                {"type": "message", "content": [{"type": "output_text", "text": "Hello world"}]},
            ]
        },
    },
}


@pytest.mark.parametrize("api", DIALECTS)
def test_the_pieces_of_a_text_are_joined(api: str) -> None:
    assert read_answer_text(DIALECTS[api], [json.dumps(event).encode() for event in EVENTS[api]]) == "Hello world"


@pytest.mark.parametrize("api", DIALECTS)
def test_a_text_that_came_only_whole_is_read_from_there(api: str) -> None:
    assert read_answer_text(DIALECTS[api], [json.dumps(WHOLE[api]).encode()]) == "Hello world"


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.output_text.done", "text": "Hello"},
        {"type": "response.output_item.done", "item": {"type": "message", "content": [{"text": "Hello"}]}},
    ],
)
def test_the_responses_api_says_a_whole_text_in_several_events(event: dict[str, object]) -> None:
    assert read_answer_text(DIALECTS["responses"], [json.dumps(event).encode()]) == "Hello"


def test_arguments_of_a_tool_are_no_text() -> None:
    event = {"type": "response.function_call_arguments.delta", "delta": '{"city": "Oslo"}'}

    assert read_answer_text(DIALECTS["responses"], [json.dumps(event).encode()]) == ""


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("<think>Hm.</think>\n\nHello", "Hello"),
        ("Hm.</think>Hello", "Hello"),
        ("[THINK]Hm.[/THINK]Hello", "Hello"),
        ("<think>Hm, and the cap was reached", ""),
        ("1 < 2, and a <b>tag</b>", "1 < 2, and a <b>tag</b>"),
        (" Hello", " Hello"),
    ],
)
def test_thoughts_between_marks_are_no_text(said: str, text: str) -> None:
    pieces = [{"choices": [{"delta": {"content": letter}}]} for letter in said]

    assert read_answer_text(DIALECTS["chat"], [json.dumps(piece).encode() for piece in pieces]) == text
