"""Chance that is drawn from a name: the same name gives the same numbers, on every machine and in every version.

Rule: numbers come from a hash and not from a generator, whose seeding would cost more than the prompt it is for.
"""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from itertools import count

NUMBER_BYTES = 8
MANTISSA_BITS = 53
"""Of a float: so many bits of a hash make a number that is below 1 exactly."""


def draw_from(name: str) -> Callable[[], float]:
    """Return what gives the next number of a name at each call: uniform in [0, 1), endless."""
    return _draw(name.encode()).__next__


def _draw(name: bytes) -> Iterator[float]:
    for block in count():
        digest = blake2b(b"%d/%b" % (block, name)).digest()
        for at in range(0, len(digest), NUMBER_BYTES):
            bits = int.from_bytes(digest[at : at + NUMBER_BYTES])
            yield (bits >> (8 * NUMBER_BYTES - MANTISSA_BITS)) / (1 << MANTISSA_BITS)
