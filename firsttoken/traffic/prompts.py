"""Prompts, made from the seed: natural text of a drawn length, with a beginning of its own or one that is shared.

Rule: a prompt is a pure function of its arguments, so that every target and every later run is asked the same;
only the nonce of a cold run differs.
One word is one token to the simulator; a real server counts for itself.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files
from itertools import cycle
from typing import NamedTuple

from firsttoken.traffic.chance import draw_from
from firsttoken.traffic.lengths import Length, draw_length

TASKS = {
    "prose": "Continue this text in the same voice, at length, without a summary.",
    "code": "Explain this code part by part, then rewrite it with tests.",
    "chat": "Write the next turns of this conversation, in full sentences, at length.",
}
"""What a prompt asks for at its end, by kind of text: something that takes as many tokens as it is allowed."""


class Prompt(NamedTuple):
    """One request's text and how long its answer may be."""

    prompt_id: str
    """The same for the same text, nonce apart."""
    text: str
    input_tokens: int
    """Words of the text."""
    output_tokens: int


class Passage(NamedTuple):
    """A piece of the corpus; `ends[k - 1]` is where its first k words end."""

    text: str
    ends: tuple[int, ...]


class Place(NamedTuple):
    """Which request of a run a prompt is for."""

    level: float
    repeat: int
    user: int
    turn: int


def make_prompt(
    at: Place,
    *,
    seed: int,
    input_tokens: Length,
    output_tokens: Length,
    nonce: str | None,
    shared: float = 0.0,
) -> Prompt:
    """The prompt of a user's `turn`-th request at a level.

    With a `nonce`, no two prompts have a beginning in common, save the first `shared` part of each (0 to 1), which
    is the same in all. Without one, prompts come again at every level and repeat, and find a cache warm.
    """
    cold, warm = f"{at.level:g}-{at.repeat}-{at.user}-{at.turn}", f"warm-{at.user}-{at.turn}"
    place = warm if nonce is None else cold
    random = draw_from(f"{seed}/{place}")
    length = draw_length(input_tokens, random())
    answer = draw_length(output_tokens, random())
    kind = list(TASKS)[int(random() * len(TASKS))]
    common = _common_text(seed, round(length * shared)) if shared else ""
    left = length - round(length * shared)
    own = tag(f"{nonce}/{place}") if nonce is not None and left else ""
    left -= len(own.split())
    task = TASKS[kind] if left >= 3 * len(TASKS[kind].split()) else ""
    parts = [read_on(kind, left - len(task.split()), random), task]
    return Prompt(name_text(_join(common, *parts)), _join(common, own, *parts), length, answer)


def draw_answer_tokens(*, seed: int, user: int, turn: int, output_tokens: Length) -> int:
    """How long the answer to a user's `turn`-th request may be, where its prompt was not drawn with it."""
    return draw_length(output_tokens, draw_from(f"{seed}/answer-{user}-{turn}")())


def _join(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def name_text(text: str) -> str:
    """A name that two texts share only if they are the same."""
    return blake2b(text.encode(), digest_size=8).hexdigest()


@lru_cache(maxsize=256)
def _common_text(seed: int, words: int) -> str:
    """What all prompts of a seed begin with; a longer one continues a shorter one."""
    return read_on("prose", words, draw_from(f"{seed}/shared"))


def tag(place: str) -> str:
    """A word that stands for a place alone, different from its first letters on: caches compare from the front."""
    return f"[{blake2b(place.encode(), digest_size=6).hexdigest()}]"


def read_on(kind: str, words: int, random: Callable[[], float]) -> str:
    """So many words of one kind of text, its passages in an order of chance, begun again when they are used up."""
    passages = read_corpus()[kind]
    order = _shuffle(len(passages), random)
    pieces: list[str] = []
    while words > 0:
        text, ends = passages[next(order)]
        pieces.append(text if words >= len(ends) else text[: ends[words - 1]])
        words -= len(ends)
    return "\n\n".join(pieces)


def _shuffle(count: int, random: Callable[[], float]) -> Iterator[int]:
    """Yield the numbers below `count` in an order of chance, again and again; nothing is drawn before it is needed."""
    order = list(range(count))
    for at in range(count):
        other = at + int(random() * (count - at))
        order[at], order[other] = order[other], order[at]
        yield order[at]
    yield from cycle(order)


@lru_cache(maxsize=1)
def read_corpus() -> dict[str, list[Passage]]:
    """The bundled passages by kind: prose, code and chat, all written for this project."""
    text = files("firsttoken.traffic").joinpath("corpus.txt").read_text(encoding="utf-8")
    sections = (section.partition("\n") for section in re.split("^== ", text, flags=re.MULTILINE)[1:])
    return {kind: [measure(passage) for passage in body.strip().split("\n\n")] for kind, _, body in sections}


def measure(text: str) -> Passage:
    """A text with the places where its words end."""
    ends: list[int] = []
    for word in text.split():
        ends.append(text.index(word, ends[-1] if ends else 0) + len(word))
    return Passage(text, tuple(ends))
