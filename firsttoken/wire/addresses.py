"""Whose turn it is among the addresses of one name: attempts go round, so that every address gets its share.

Rule: pure, the time is handed in. The order is shuffled from a seed, with the families in alternation (RFC 8305,
section 4). An address that failed is passed over while another one works, and gets one try again after a while.
"""

import random
from collections import deque
from collections.abc import Iterable
from itertools import chain, zip_longest

SKIPPED_S = 30.0
"""How long an address that failed is passed over before one attempt tries it again."""

Address = tuple[int, tuple[str | int, ...]]
"""Family, and the address as that family's sockets take it."""


class Addresses:
    """The addresses of a name, each with its turn; empty before `learn`."""

    def __init__(self, seed: str = "") -> None:
        self._random = random.Random(seed)
        self._waiting: deque[Address] = deque()
        """All of them; the first one has waited longest for its turn."""
        self._failed: dict[Address, int] = {}
        """Those that failed -> when they may be tried again."""

    def __len__(self) -> int:
        return len(self._waiting)

    def learn(self, found: Iterable[Address]) -> None:
        """Start again with these, in our own order; each is used once, even if it is listed twice."""
        families: dict[int, list[Address]] = {}
        for address in dict.fromkeys(found):
            families.setdefault(address[0], []).append(address)
        for group in families.values():
            self._random.shuffle(group)
        rounds = chain.from_iterable(zip_longest(*families.values()))
        self._waiting = deque(address for address in rounds if address is not None)
        self._failed = {}

    def forget(self) -> None:
        """Know none until they are learned anew."""
        self._waiting.clear()

    def take_turn(self, now_ns: int) -> Address:
        """The address that the next attempt goes to. Raises IndexError where none is known."""
        waiting = self._waiting
        if len(waiting) == 1:
            return waiting[0]
        address = next((each for each in waiting if self._failed.get(each, 0) <= now_ns), waiting[0])
        if address in self._failed:  # this attempt alone finds out whether it works again
            self._failed[address] = now_ns + round(SKIPPED_S * 1e9)
        waiting.remove(address)
        waiting.append(address)
        return address

    def order_from(self, first: Address) -> list[Address]:
        """The way through all of them: this one, then those that work, then those that failed."""
        others = [address for address in self._waiting if address != first]
        return [first, *sorted(others, key=self._failed.__contains__)]

    def record_failed(self, address: Address, now_ns: int) -> None:
        """Pass this one over for a while."""
        self._failed[address] = now_ns + round(SKIPPED_S * 1e9)

    def record_working(self, address: Address) -> None:
        """It answered: its turns are like those of the others."""
        self._failed.pop(address, None)


def write_peer(address: Address) -> str:
    """Host and port as a URL writes them: "127.0.0.1:8080", "[::1]:8080"."""
    host, port = address[1][:2]
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
