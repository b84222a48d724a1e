"""Completions as OpenAI's legacy API sends them: what a body asks, and the bytes of its answer, streamed or whole.

Rule: pure. There is no role and no message: an answer is a text, and its stream begins with the first token.
"""

from collections.abc import Iterator

import msgspec

from firsttoken.simulator.dialects.dialect import (
    WORD,
    Ask,
    Choices,
    ChunkedAnswer,
    CompletionBody,
    Route,
    check_choices,
    check_tokens,
    decode,
    read_prompt,
)
from firsttoken.simulator.errors import invalid, missing
from firsttoken.simulator.words import write_out

DEFAULT_TOKENS = 16
"""Tokens of an answer whose length the request leaves open, as OpenAI documents it for this API."""


class Body(CompletionBody):
    """A request's body, as far as it matters here."""

    prompt: str | list[str] | None = None


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
    check_choices(body.n)
    check_tokens(body.max_tokens, "max_tokens")
    return Ask(
        model=body.model,
        prompt=read_prompt(prompts, "", ""),
        max_tokens=body.max_tokens or DEFAULT_TOKENS,
        stream=bool(body.stream),
        prompt_param="prompt",
        include_usage=body.include_usage,
    )


class Answer(ChunkedAnswer):
    """A text, whole or word by word."""

    def opening(self) -> bytes:
        """Return what precedes the first token: nothing but the headers."""
        return b""

    def tokens(self) -> Iterator[bytes]:
        return self._speak(choice(WORD))

    def closing(self) -> bytes:
        return self._end(choice("", "length"))

    def whole(self) -> bytes:
        text = write_out(self._job.text_start, self._job.output_tokens)
        return msgspec.json.encode(self._chunk() | {"choices": choice(text, "length"), "usage": self._usage()})

    def _chunk(self) -> dict[str, object]:
        return {
            "id": f"cmpl-{self._name}",
            "object": "text_completion",
            "created": self._created_s,
            "model": self._ask.model,
            "system_fingerprint": f"fp_{self._ask.model}",
        }

    def _usage(self) -> dict[str, object]:
        prompt, output = self._ask.prompt.tokens, self._job.output_tokens
        return {
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "total_tokens": prompt + output,
            "prompt_tokens_details": {"cached_tokens": self._job.cached_tokens},
        }


def choice(text: str, finish_reason: str | None = None) -> Choices:
    """Return the one choice of a chunk or of a whole answer."""
    return [{"index": 0, "text": text, "logprobs": None, "finish_reason": finish_reason}]


ROUTE = Route("/v1/completions", read_ask, Answer)
