"""The Responses API as OpenAI serves it: what a body asks, and the bytes of its answer, streamed or whole.

Rule: pure. Every event carries the next sequence number; the usage comes in the last one and there is no [DONE].
"""

from collections.abc import Iterator

import msgspec

from firsttoken.simulator.dialects import dialect
from firsttoken.simulator.dialects.dialect import (
    WORD,
    WORD_HOLE,
    Ask,
    Content,
    Route,
    check_tokens,
    decode,
    read_prompt,
)
from firsttoken.simulator.errors import missing
from firsttoken.simulator.service import Job
from firsttoken.simulator.words import speak, write_out

NUMBER = "\x01"
NUMBER_HOLE = b'"\\u0001"'
"""Where the sequence number goes in the template of a token, and how JSON writes that place."""
FIRST_TOKEN = 4
"""Sequence number of the first token: four events come before."""


class Item(msgspec.Struct):
    """One item of the input."""

    type: str = "message"
    content: Content = None


class Body(msgspec.Struct):
    """A request's body, as far as it matters here."""

    model: str = ""
    input: str | list[Item] | None = None
    instructions: str | None = None
    stream: bool | None = None
    max_output_tokens: int | None = None


def read_ask(raw: bytes) -> Ask:
    """Return what a body asks for; raises ApiError (400). Instructions count as prompt."""
    body = decode(raw, Body)
    if not body.model:
        raise missing("model")
    if not body.input:
        raise missing("input")
    check_tokens(body.max_output_tokens, "max_output_tokens")
    contents = [body.input] if isinstance(body.input, str) else [item.content for item in body.input]
    return Ask(
        model=body.model,
        prompt=read_prompt(contents, "input_image", "input[{}].content[{}]", body.instructions or ""),
        max_tokens=body.max_output_tokens,
        stream=bool(body.stream),
        prompt_param="input",
    )


class Answer(dialect.Answer):
    """A response of one message, whole or as numbered events."""

    def __init__(self, ask: Ask, job: Job, name: str, created_s: int) -> None:
        super().__init__(ask, job, name, created_s)
        self._place = {"item_id": f"msg_{name}", "output_index": 0, "content_index": 0}

    def opening(self) -> bytes:
        """Return the events that say that an answer begins; none of them holds a token."""
        response = self._response("in_progress")
        item = self._item("in_progress", [])
        return (
            write_event("response.created", 0, {"response": response})
            + write_event("response.in_progress", 1, {"response": response})
            + write_event("response.output_item.added", 2, {"output_index": 0, "item": item})
            + write_event("response.content_part.added", 3, {**self._place, "part": text_part("")})
        )

    def tokens(self) -> Iterator[bytes]:
        """Yield one delta event per token."""
        hollow = write_event("response.output_text.delta", NUMBER, {**self._place, "delta": WORD, "logprobs": []})
        head, rest = hollow.split(NUMBER_HOLE)
        middle, end = rest.split(WORD_HOLE)
        for number, word in enumerate(speak(self._job.text_start, self._job.output_tokens), FIRST_TOKEN):
            yield b"%b%d%b%b%b" % (head, number, middle, word, end)

    def closing(self) -> bytes:
        """Return what follows the last token: the text once more, its parts done, the response with its usage."""
        number = FIRST_TOKEN + self._job.output_tokens
        text = write_out(self._job.text_start, self._job.output_tokens)
        status = self._end_status()
        item = self._item(status, [text_part(text)])
        return (
            write_event("response.output_text.done", number, {**self._place, "text": text, "logprobs": []})
            + write_event("response.content_part.done", number + 1, {**self._place, "part": text_part(text)})
            + write_event("response.output_item.done", number + 2, {"output_index": 0, "item": item})
            + write_event(f"response.{status}", number + 3, {"response": self._response(status, item)})
        )

    def whole(self) -> bytes:
        text = write_out(self._job.text_start, self._job.output_tokens)
        status = self._end_status()
        return msgspec.json.encode(self._response(status, self._item(status, [text_part(text)])))

    def _end_status(self) -> str:
        return "completed" if self._ask.max_tokens is None else "incomplete"

    def _item(self, status: str, content: list[dict[str, object]]) -> dict[str, object]:
        return {"id": f"msg_{self._name}", "type": "message", "status": status, "content": content, "role": "assistant"}

    def _response(self, status: str, item: dict[str, object] | None = None) -> dict[str, object]:
        """Return the response object: without output and usage while in progress, with both once it has ended."""
        return {
            "id": f"resp_{self._name}",
            "object": "response",
            "created_at": self._created_s,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
            "instructions": None,
            "max_output_tokens": self._ask.max_tokens,
            "model": self._ask.model,
            "output": [item] if item else [],
            "parallel_tool_calls": True,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None},
            "service_tier": "default",
            "store": False,
            "temperature": 1.0,
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "truncation": "disabled",
            "usage": self._usage() if item else None,
            "user": None,
            "metadata": {},
        }

    def _usage(self) -> dict[str, object]:
        prompt, output = self._ask.prompt.tokens, self._job.output_tokens
        return {
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": self._job.cached_tokens, "cache_write_tokens": 0},
            "output_tokens": output,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": prompt + output,
        }


def text_part(text: str) -> dict[str, object]:
    """Return the content part that holds an answer's text."""
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def write_event(kind: str, number: int | str, fields: dict[str, object]) -> bytes:
    """Return one server-sent event, its type named twice as OpenAI does."""
    data = msgspec.json.encode({"type": kind, "sequence_number": number, **fields})
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


ROUTE = Route("/v1/responses", read_ask, Answer)
