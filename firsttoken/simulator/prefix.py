"""The prefix cache of a model: how much of a prompt's beginning it has read before.

Rule: pure. A prompt is compared from its first word on, in whole blocks, and only with prompts of the same model.
"""

from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b
from itertools import chain

BLOCK_TOKENS = 128
"""Tokens that are found or missed together; OpenAI's API counts cached tokens in steps of as many."""
MOST_BLOCKS = 65_536
"""Blocks that a cache holds, some eight million tokens; beyond, the longest unasked are dropped."""

Blocks = tuple[bytes, ...]


def mark_blocks(texts: Iterable[str]) -> Blocks:
    """Return a mark per whole block of a prompt; two prompts have a mark in common if they are the same up to there."""
    words = list(chain.from_iterable(text.split() for text in texts))
    marks, mark = [], blake2b(digest_size=16)
    for end in range(BLOCK_TOKENS, len(words) + 1, BLOCK_TOKENS):
        mark.update(" ".join([*words[end - BLOCK_TOKENS : end], ""]).encode())
        marks.append(mark.digest())
    return tuple(marks)


class PrefixCache:
    """The blocks that a model has read, the latest last."""

    def __init__(self, most_blocks: int = MOST_BLOCKS) -> None:
        self._blocks: OrderedDict[bytes, None] = OrderedDict()
        self._most_blocks = most_blocks

    def read(self, blocks: Blocks) -> int:
        """Return how many tokens of a prompt were read before, and remember all of it."""
        known = next((number for number, mark in enumerate(blocks) if mark not in self._blocks), len(blocks))
        for mark in reversed(blocks):  # the first block is the last to be dropped: without it the others are lost
            self._blocks[mark] = None
            self._blocks.move_to_end(mark)
        while len(self._blocks) > self._most_blocks:
            self._blocks.popitem(last=False)
        return known * BLOCK_TOKENS
