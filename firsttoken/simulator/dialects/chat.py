"""Chat completions as OpenAI sends them: what a body asks, and the bytes of its answer, streamed or whole.

Rule: pure. Everything that does not change from token to token is formed once per stream.
"""

from collections.abc import Iterator

import msgspec

from firsttoken.simulator.dialects.dialect import (
    WORD,
    Ask,
    Choices,
    ChunkedAnswer,
    CompletionBody,
    Content,
    Route,
    check_choices,
    check_tokens,
    decode,
    read_prompt,
)
from firsttoken.simulator.errors import invalid, missing
from firsttoken.simulator.words import write_out


class Message(msgspec.Struct):
    """One message of the conversation."""

    role: str
    content: Content = None


class Body(CompletionBody):
    """A request's body, as far as it matters here."""

    messages: list[Message] = msgspec.field(default_factory=list)
    max_completion_tokens: int | None = None


def read_ask(raw: bytes) -> Ask:
    """Return what a body asks for; raises ApiError (400). `max_completion_tokens` goes before `max_tokens`."""
    body = decode(raw, Body)
    if not body.model:
        raise invalid("you must provide a model parameter")
    if not body.messages:
        raise missing("messages")
    check_choices(body.n)
    check_tokens(body.max_tokens, "max_tokens")
    check_tokens(body.max_completion_tokens, "max_completion_tokens")
    return Ask(
        model=body.model,
        prompt=read_prompt((message.content for message in body.messages), "image_url", "messages.[{}].content.[{}]"),
        max_tokens=body.max_completion_tokens or body.max_tokens,
        stream=bool(body.stream),
        prompt_param="messages",
        include_usage=body.include_usage,
    )


class Answer(ChunkedAnswer):
    """A message, whole or as deltas."""

    def opening(self) -> bytes:
        """Return the role-only first chunk, which holds no token."""
        return self._event(self._choice({"role": "assistant", "content": "", "refusal": None}))

    def tokens(self) -> Iterator[bytes]:
        return self._speak(self._choice({"content": WORD}))

    def closing(self) -> bytes:
        return self._end(self._choice({}, self._finish_reason()))

    def whole(self) -> bytes:
        text = write_out(self._job.text_start, self._job.output_tokens)
        message: dict[str, object] = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self._finish_reason()}
        return msgspec.json.encode(self._head("chat.completion") | {"choices": [choice], "usage": self._usage()})

    def _head(self, kind: str) -> dict[str, object]:
        return {
            "id": f"chatcmpl-{self._name}",
            "object": kind,
            "created": self._created_s,
            "model": self._ask.model,
            "service_tier": "default",
            "system_fingerprint": f"fp_{self._ask.model}",
        }

    def _finish_reason(self) -> str:
        return "stop" if self._ask.max_tokens is None else "length"

    def _choice(self, delta: dict[str, str | None], finish_reason: str | None = None) -> Choices:
        return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]

    def _chunk(self) -> dict[str, object]:
        return self._head("chat.completion.chunk")

    def _usage(self) -> dict[str, object]:
        prompt, output = self._ask.prompt.tokens, self._job.output_tokens
        return {
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "total_tokens": prompt + output,
            "prompt_tokens_details": {"cached_tokens": self._job.cached_tokens, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }


ROUTE = Route("/v1/chat/completions", read_ask, Answer)
