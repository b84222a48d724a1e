"""Prompts of a trace: of exactly the recorded length, sharing exactly the beginnings that the recorded ones shared.

Rule: a block is a pure function of the seed and of all block numbers up to its own, so two prompts have their leading
blocks in common, byte for byte, as far as their numbers agree, and differ from the first word after that. A cold run
puts its nonce into every block: what the trace shares is shared inside a stage, and nothing with another.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b

from firsttoken.traffic.chance import draw_from
from firsttoken.traffic.prompts import TASKS, Prompt, measure, name_text, read_on, tag
from firsttoken.traffic.trace import Arrival


def trace_prompt(*, seed: int, arrival: Arrival, number: int, nonce: str | None) -> Prompt:
    """The prompt of the `number`-th arrival of a trace; where the trace knows no blocks, it shares nothing.

    Its answer may be as long as the recorded one was. `nonce` as in `make_prompt`: None for a warm run.
    """
    left, size = arrival.input_tokens, arrival.block_tokens
    names = list(_name_blocks(arrival.blocks)) if arrival.blocks else [f"alone-{number}"]
    blocks: list[str] = []
    for name in names if arrival.blocks else ():
        blocks.append(_whole_block(seed, name, nonce, size) if left >= size else _write(seed, name, nonce, left))
        left -= size
    text = "\n\n".join(blocks) or _write(seed, names[0], nonce, left)
    identity = name_text(f"{seed}/{names[-1]}/{arrival.input_tokens}")
    return Prompt(identity, text, arrival.input_tokens, arrival.output_tokens)


def _name_blocks(numbers: Iterable[int]) -> Iterator[str]:
    """Yield a name for each block that stands for its number and all before it."""
    name = blake2b(digest_size=16)
    for number in numbers:
        name.update(b"%d," % number)
        yield name.hexdigest()


@lru_cache(maxsize=2048)
def _whole_block(seed: int, name: str, nonce: str | None, size: int) -> str:
    return _write(seed, name, nonce, size)


def _write(seed: int, name: str, nonce: str | None, words: int) -> str:
    """The first `words` words of a piece of text: a word that no other piece has, what is asked for, what it is about.

    What is asked stands in front, for a block is cut where its prompt ends.
    """
    random = draw_from(f"{seed}/{name}")
    kind = list(TASKS)[int(random() * len(TASKS))]
    head = measure(f"{tag(f'{nonce}/{seed}/{name}')}\n\n{TASKS[kind]}")
    left = words - len(head.ends)
    return f"{head.text}\n\n{read_on(kind, left, random)}" if left > 0 else head.text[: head.ends[words - 1]]
