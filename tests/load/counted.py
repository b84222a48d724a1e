"""A server whose answer depends on how many requests came before, whatever their connection."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import count

from tests.wire.scripted import Line, Scripted, scripted


def counted(answer: Callable[[int], bytes | list[bytes]]) -> AbstractContextManager[Scripted]:
    """Run a server that gives the n-th request, from 0, the n-th answer."""
    numbers = count()

    def run(line: Line) -> None:
        while line.hear():
            told = answer(next(numbers))
            line.say(*([told] if isinstance(told, bytes) else told))

    return scripted(run)
