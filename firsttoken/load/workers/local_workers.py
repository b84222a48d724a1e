"""Worker processes of this machine: started, watched, ended.

Rule: the process itself reports its death, so that it is noticed in milliseconds; its last event says why.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import gevent

from firsttoken.process.launch import Child

OnLoss = Callable[[int, str, bool], None]
"""(number of the worker, what became of it, whether it left in order)"""


class Process(Protocol):
    """What is needed of a worker process; a `Child` is one."""

    def events(self) -> Iterable[dict[str, object]]:
        """What it reports."""

    def wait(self) -> int:
        """Its exit code, once it has ended."""

    def stop(self) -> None:
        """End it."""


class LocalWorkers:
    """So many worker processes, children of this one."""

    def __init__(self, numbers: range, start: Callable[[int], Process], on_loss: OnLoss) -> None:
        """`start` starts the worker of a number."""
        self._on_loss = on_loss
        self._processes = {number: start(number) for number in numbers}
        self._watchers = [gevent.spawn(self._watch, number, process) for number, process in self._processes.items()]

    def stop(self) -> None:
        """End those that have not left by themselves."""
        gevent.killall(self._watchers)
        for process in self._processes.values():
            process.stop()

    def _watch(self, number: int, process: Process) -> None:
        code = process.wait()
        events = list(process.events())
        failure = events[-1].get("failure") if events else None
        self._on_loss(number, str(failure) if failure else f"its process ended with exit code {code}", code == 0)


def start_worker(number: int, *, port: int, folder: Path, origin_ns: int) -> Child:
    """Start a worker process for the master at a port of this machine."""
    local = {"number": number, "folder": str(folder), "origin_ns": origin_ns}
    return Child("firsttoken.load.worker", {"master": f"127.0.0.1:{port}", "local": local})
