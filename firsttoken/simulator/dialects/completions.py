"""Completions as OpenAI's legacy API sends them: what a body asks, and the bytes of its answer, streamed or whole.

Rule: pure. There is no role and no message: an answer is a text, and its stream begins with the first token.
"""

from collections.abc import Iterator

import msgspec

from firsttoken.simulator.dialects.dialect import (
    WORD,
    WORD_HOLE,
    Ask,
    Route,
    StreamOptions,
    check_tokens,
    decode,
    read_prompt,
)
from firsttoken.simulator.errors import invalid, missing
from firsttoken.simulator.service import Job
from firsttoken.simulator.words import speak, write_out

DEFAULT_TOKENS = 16
"""Tokens of an answer whose length the request leaves open, as OpenAI documents it for this API."""


class Body(msgspec.Struct):
    """A request's body, as far as it matters here."""

    model: str = ""
    prompt: str | list[str] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    n: int | None = None


def read_ask(raw: bytes) -> Ask:
    """Return what a body asks for; raises ApiError (400). A prompt is a text, or a list of one."""
    body = decode(raw, Body)
    if not body.model:
        raise invalid("you must provide a model parameter")
    if not body.prompt:
        raise missing("prompt")
    prompts = [body.prompt] if isinstance(body.prompt, str) else body.prompt
    if len(prompts) > 1:
        raise invalid(f"Invalid 'prompt': this server takes one prompt per request, got {len(prompts)}.", "prompt")
    if body.n not in (None, 1):
        raise invalid(f"Invalid 'n': this server gives one choice per request, got {body.n}.", "n")
    check_tokens(body.max_tokens, "max_tokens")
    return Ask(
        model=body.model,
        prompt=read_prompt(prompts, "", ""),
        max_tokens=body.max_tokens or DEFAULT_TOKENS,
        stream=bool(body.stream),
        prompt_param="prompt",
        include_usage=bool(body.stream_options and body.stream_options.include_usage),
    )


class Answer:
    """The answer to one request: opening, tokens and closing make the stream, `whole` the plain body."""

    def __init__(self, ask: Ask, job: Job, name: str, created_s: int) -> None:
        self._ask = ask
        self._job = job
        self._name = name
        self._created_s = created_s

    def opening(self) -> bytes:
        """Return what precedes the first token: nothing but the headers."""
        return b""

    def tokens(self) -> Iterator[bytes]:
        """Yield one chunk per token."""
        before, after = self._event(choice(WORD)).split(WORD_HOLE)
        for word in speak(self._job.text_start, self._job.output_tokens):
            yield before + word + after

    def closing(self) -> bytes:
        """Return what follows the last token: the finish reason, the usage if asked for, the end marker."""
        end = self._event(choice("", "length"))
        if self._ask.include_usage:
            end += self._event([], self._usage())
        return end + b"data: [DONE]\n\n"

    def whole(self) -> bytes:
        """Return the answer to a request that did not ask for a stream."""
        text = write_out(self._job.text_start, self._job.output_tokens)
        return msgspec.json.encode(self._head() | {"choices": choice(text, "length"), "usage": self._usage()})

    def _head(self) -> dict[str, object]:
        return {
            "id": f"cmpl-{self._name}",
            "object": "text_completion",
            "created": self._created_s,
            "model": self._ask.model,
            "system_fingerprint": f"fp_{self._ask.model}",
        }

    def _event(self, choices: list[dict[str, object]], usage: dict[str, object] | None = None) -> bytes:
        """Return one server-sent event; with include_usage all but the last carry `usage: null`."""
        chunk = self._head() | {"choices": choices}
        if self._ask.include_usage:
            chunk["usage"] = usage
        return b"data: " + msgspec.json.encode(chunk) + b"\n\n"

    def _usage(self) -> dict[str, object]:
        prompt, output = self._ask.prompt.tokens, self._job.output_tokens
        return {
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "total_tokens": prompt + output,
            "prompt_tokens_details": {"cached_tokens": self._job.cached_tokens},
        }


def choice(text: str, finish_reason: str | None = None) -> list[dict[str, object]]:
    """Return the one choice of a chunk or of a whole answer."""
    return [{"index": 0, "text": text, "logprobs": None, "finish_reason": finish_reason}]


ROUTE = Route("/v1/completions", read_ask, Answer)
