"""The completions API, chat's elder: POST /completions, a stream of `text_completion` objects.

Rule: pure; a key of `extra_body` replaces ours.
"""

from collections.abc import Mapping

import msgspec

from firsttoken.wire.dialects.chat import STREAMED, read_chunk, read_chunk_text
from firsttoken.wire.dialects.dialect import Dialect, Meaning, Prompt, list_messages


def write_completions(model: str, prompt: Prompt, max_tokens: int | None, extra_body: Mapping[str, object]) -> bytes:
    """Body of POST /completions, whose prompt is one text: messages follow each other; `extra_body` replaces ours."""
    text = "\n\n".join(message["content"] for message in list_messages(prompt))
    body: dict[str, object] = {"model": model, "prompt": text} | STREAMED
    if max_tokens is not None:
        body["max_tokens"] = max_tokens
    return msgspec.json.encode(body | dict(extra_body))


def read_completions(data: bytes, _name: bytes = b"") -> Meaning:
    """Meaning of one `text_completion`; tokens, finish reason and usage may share one."""
    return read_chunk(data, "completions")


DIALECT = Dialect(
    "completions",
    "/completions",
    write_completions,
    read_completions,
    read_chunk_text,
    sent=("model", "prompt", "stream", "stream_options", "max_tokens"),
    question="prompt",
    in_package=True,
)
