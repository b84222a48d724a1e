"""Answers as servers of many kinds send them, and a listener that hears them with times of our choosing.

Rule: bytes are written out as real servers send them; only what does not matter is left out.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from firsttoken.row import Row
from firsttoken.wire.answer.answer import Answer
from firsttoken.wire.dialects import DIALECTS
from firsttoken.wire.outcome import COMPLETE, End

DONE = b"data: [DONE]\n\n"
MS = 1_000_000
USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "total_tokens": 18,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 3},
}
RESPONSE_USAGE = {
    "input_tokens": 11,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 3},
    "total_tokens": 18,
}


def event(data: object, name: str = "") -> bytes:
    """One server-sent event that holds JSON."""
    head = f"event: {name}\n".encode() if name else b""
    return head + b"data: " + msgspec.json.encode(data) + b"\n\n"


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    """One chunk of a chat stream."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return event({**head, "choices": [choice], **more})


def completion(text: str, finish: str | None = None, **more: Any) -> bytes:
    """One chunk of a completions stream."""
    choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": finish}
    return event({"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m", "choices": [choice], **more})


def said(kind: str, **more: Any) -> bytes:
    """One event of a responses stream."""
    return event({"type": kind, "sequence_number": 1, **more}, name=kind)


ROLE = chunk({"role": "assistant", "content": ""}, usage=None)
FINISH = chunk({}, "stop")
USAGE_CHUNK = event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [], "usage": USAGE})

TEXT, MORE, MOST = (chunk({"content": text}) for text in ("Once", " upon", " a"))
CHAT = [ROLE, TEXT, MORE, MOST, FINISH, USAGE_CHUNK, DONE]
"""A chat stream as OpenAI sends it."""

RESPONSES = [
    said("response.created", response={"id": "resp_1", "status": "in_progress", "usage": None, "error": None}),
    said("response.in_progress", response={"id": "resp_1", "status": "in_progress", "usage": None}),
    said("response.output_item.added", output_index=0, item={"id": "msg_1", "type": "message", "content": []}),
    said("response.content_part.added", item_id="msg_1", part={"type": "output_text", "text": ""}),
    said("response.output_text.delta", item_id="msg_1", delta="Once", logprobs=[]),
    said("response.output_text.delta", item_id="msg_1", delta=" upon", logprobs=[]),
    said("response.output_text.done", item_id="msg_1", text="Once upon"),
    said("response.output_item.done", output_index=0, item={"id": "msg_1", "type": "message"}),
    said("response.completed", response={"id": "resp_1", "status": "completed", "usage": RESPONSE_USAGE}),
]
"""A responses stream as OpenAI sends it: no [DONE]."""


def head(status: str = "200 OK", **headers: str | None) -> bytes:
    """The head of an answer; a chunked stream's unless said otherwise (None leaves a header out)."""
    fields = {"content_type": "text/event-stream; charset=utf-8", "transfer_encoding": "chunked"} | headers
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items() if value is not None]
    return f"HTTP/1.1 {status}\r\n{''.join(lines)}\r\n".encode()


def chunked(pieces: Iterable[bytes]) -> list[bytes]:
    """Pieces of a body, each framed as one HTTP chunk, and the one that ends the body."""
    return [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces] + [b"0\r\n\r\n"]


def frames(*pieces: bytes) -> bytes:
    """The HTTP chunks of these pieces, in one read; the body goes on."""
    return b"".join(chunked(pieces)[:-1])


def stream(pieces: Iterable[bytes], **headers: str | None) -> bytes:
    """A whole answer: head, one HTTP chunk per piece, end."""
    return head(**headers) + b"".join(chunked(pieces))


def plain(status: str, body: bytes, content_type: str = "application/json", **headers: str | None) -> bytes:
    """A whole answer that is no stream."""
    return (
        head(status, content_type=content_type, transfer_encoding=None, content_length=str(len(body)), **headers) + body
    )


class Heard(NamedTuple):
    """What a listener made of an answer."""

    row: Row
    answer: Answer
    first_tokens: list[bool]
    """For each first token: whether its stamp was its own."""


def hear(
    dialect: str,
    reads: Iterable[bytes],
    *,
    at_ms: Iterable[int] | None = None,
    end: End | None = None,
    in_full: bool = False,
    kept: list[bytes] | None = None,
) -> Heard:
    """Have an answer arrive in these reads, by default one each millisecond from 1 on, stamped by the kernel.

    The row is judged as the connection would: complete once the answer has ended, else as if the server hung up. With
    `in_full` no read goes the short way, so that all is decoded; `kept` gets the events that hold the text.
    """
    row, notes = Row(sent_ns=0), list[bool]()
    answer = Answer(row, DIALECTS[dialect], 0, 0.0, notes.append, kept)
    early_ns = 0
    for read, ms in zip(reads, at_ms or range(1, 10**9), strict=False):
        if in_full or not answer.skip(read, ms * MS):
            answer.receive(read, early_ns, ms * MS, kernel=True)
        early_ns = ms * MS
    row.outcome, row.error = answer.judge(end or (COMPLETE if answer.ended else answer.hang_up()))
    return Heard(row, answer, notes)
