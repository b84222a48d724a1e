"""The timer wheel: everything that waits for its time, in one place, at a cost that does not grow with its number.

Rule: time is handed in. An item is due at the tick nearest to its time; items of a tick come out in the order in
which they went in.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")


class Wheel(Generic[T]):
    """Items by due tick. A tick enters the heap once however many items share it, so adding costs O(1) under load."""

    def __init__(self, tick_ns: int) -> None:
        self._tick_ns = tick_ns
        self._items: dict[int, list[T]] = {}
        self._ticks: list[int] = []

    def add(self, due_ns: float, item: T) -> None:
        """Have `item` come out of `pop` once the tick nearest to `due_ns` is reached."""
        tick = round(due_ns / self._tick_ns)
        items = self._items.get(tick)
        if items is None:
            self._items[tick] = [item]
            heappush(self._ticks, tick)
        else:
            items.append(item)

    def next_ns(self) -> int | None:
        """Return the time of the earliest tick that holds an item, None when the wheel is empty."""
        return self._ticks[0] * self._tick_ns if self._ticks else None

    def pop(self, now_ns: int) -> Iterator[T]:
        """Yield and forget every item due by `now_ns`, earliest tick first; items added meanwhile come along if due."""
        while self._ticks and self._ticks[0] * self._tick_ns <= now_ns:
            yield from self._items.pop(heappop(self._ticks))
