"""What the dialects have in common: a request's ask, its answer, and how bodies are decoded.

Rule: what the simulator needs is checked, what it has no use for (temperature, tools, ...) is let pass unread.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar, get_origin

import msgspec

from firsttoken.decoding.mismatch import find_mismatch, members
from firsttoken.decoding.unreadable import UNREADABLE
from firsttoken.simulator.errors import ApiError, invalid, missing, not_json
from firsttoken.simulator.prefix import Blocks, mark_blocks
from firsttoken.simulator.service import Job
from firsttoken.simulator.words import count_tokens, speak

T = TypeVar("T")

KINDS: dict[object, str] = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    list: "an array",
    dict: "an object",
}
"""What OpenAI calls a value of JSON."""

WORD = "\x00"
WORD_HOLE = b"\\u0000"
"""Where the word goes in the template of a token, and how JSON writes that place: as no word of an answer does."""


class Prompt(msgspec.Struct, frozen=True):
    """What a prompt is to the simulator: its length, its beginning block by block, its first image's place."""

    tokens: int
    blocks: Blocks
    image_at: str | None


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One request for an answer; `prompt_param` names the field of the prompt."""

    model: str
    prompt: Prompt
    max_tokens: int | None
    stream: bool
    prompt_param: str
    include_usage: bool = False


class Part(msgspec.Struct, frozen=True):
    """One part of a prompt's content; only text counts as tokens."""

    type: str
    text: str = ""


Content = str | list[Part] | None


class StreamOptions(msgspec.Struct):
    """What a stream shall hold besides its tokens."""

    include_usage: bool = False


class CompletionBody(msgspec.Struct):
    """What the bodies of both kinds of completions have alike."""

    model: str = ""
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    n: int | None = None

    @property
    def include_usage(self) -> bool:
        """Whether the stream ends with its usage."""
        return bool(self.stream_options and self.stream_options.include_usage)


class Answer(ABC):
    """The bytes of one answer: opening, tokens and closing make the stream, `whole` the plain body."""

    def __init__(self, ask: Ask, job: Job, name: str, created_s: int) -> None:
        self._ask = ask
        self._job = job
        self._name = name
        self._created_s = created_s

    @abstractmethod
    def opening(self) -> bytes:
        """Return what precedes the first token."""

    @abstractmethod
    def tokens(self) -> Iterator[bytes]:
        """Yield the bytes of each token."""

    @abstractmethod
    def closing(self) -> bytes:
        """Return what follows the last token: the finish reason, the usage, the end."""

    @abstractmethod
    def whole(self) -> bytes:
        """Return the answer to a request that did not ask for a stream."""


Choices = list[dict[str, object]]


class ChunkedAnswer(Answer):
    """An answer whose stream is chunks of choices and ends with [DONE], as both kinds of completions have it."""

    @abstractmethod
    def _chunk(self) -> dict[str, object]:
        """Return a chunk without its choices."""

    @abstractmethod
    def _usage(self) -> dict[str, object]:
        """Return what the answer used."""

    def _event(self, choices: Choices, usage: dict[str, object] | None = None) -> bytes:
        """Return one server-sent event; with include_usage all but the last carry `usage: null`."""
        chunk = self._chunk() | {"choices": choices}
        if self._ask.include_usage:
            chunk["usage"] = usage
        return b"data: " + msgspec.json.encode(chunk) + b"\n\n"

    def _speak(self, choices: Choices) -> Iterator[bytes]:
        """Yield one chunk per token, its word where `choices` hold WORD."""
        before, after = self._event(choices).split(WORD_HOLE)
        for word in speak(self._job.text_start, self._job.output_tokens):
            yield before + word + after

    def _end(self, choices: Choices) -> bytes:
        """Return the chunk of these last choices, the usage if asked for, and the end marker."""
        end = self._event(choices)
        if self._ask.include_usage:
            end += self._event([], self._usage())
        return end + b"data: [DONE]\n\n"


class Route(NamedTuple):
    """One API: the path at which it is asked, and how a request is read and answered."""

    path: str
    read_ask: Callable[[bytes], Ask]
    """Raises ApiError (400) for a body that asks for nothing."""
    answer: Callable[[Ask, Job, str, int], Answer]
    """(ask, job, name of the answer, Unix time) -> its bytes."""


def decode(body: bytes, form: type[T]) -> T:
    """Return a body as `form`; raises ApiError (400) if it is not JSON or not of that form, and says where."""
    try:
        return msgspec.json.decode(body, type=form)
    except UNREADABLE as error:
        raise _refuse(body, form) from error


def _refuse(body: bytes, form: type) -> ApiError:
    """What OpenAI says of a body that is not JSON, or not the request that it should be."""
    try:
        value = msgspec.json.decode(body)
    except UNREADABLE:
        return not_json()
    found = find_mismatch(value, form)
    if found is None:
        return not_json()
    param = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in found.path).lstrip(".")
    if found.missing is not None:
        return missing(f"{param}.{found.missing}".lstrip("."))
    kinds = [KINDS[kind] for member in members(found.hint) if (kind := get_origin(member) or member) in KINDS]
    wanted = " or ".join(kinds or ["an object"])
    got = KINDS.get(type(found.value), "null")
    return invalid(f"Invalid type for '{param}': expected {wanted}, but got {got} instead.", param, "invalid_type")


def read_prompt(contents: Iterable[Content], image: str, place: str, instructions: str = "") -> Prompt:
    """Return the prompt of these contents, which a model reads after its `instructions`.

    The first part of type `image` is at `place`, filled with its two indices.
    """
    texts = [instructions]
    image_at = None
    for i, content in enumerate(contents):
        parts = [Part("text", content)] if isinstance(content, str) else content or []
        for j, part in enumerate(parts):
            texts.append(part.text)
            if part.type == image and image_at is None:
                image_at = place.format(i, j)
    return Prompt(sum(map(count_tokens, texts)), mark_blocks(texts), image_at)


def check_tokens(value: int | None, param: str) -> None:
    """Raise ApiError (400) for an asked output length below 1."""
    if value is not None and value < 1:
        text = f"Invalid '{param}': integer below minimum value. Expected a value >= 1, but got {value} instead."
        raise invalid(text, param, "integer_below_min_value")


def check_choices(count: int | None) -> None:
    """Raise ApiError (400) where more than one choice is asked for."""
    if count not in (None, 1):
        raise invalid(f"Invalid 'n': this server gives one choice per request, got {count}.", "n")
