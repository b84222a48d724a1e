"""Worker processes of this machine: started, watched, ended.

Rule: the process tells of its own death, so that it is noticed in milliseconds; what it said last says why.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import gevent
import msgspec

from firsttoken.process.launch import Child

Lose = Callable[[int, str, bool], None]
"""(number of the worker, what became of it, whether it left in order)"""


class LocalWorkers:
    """So many worker processes, children of this one."""

    def __init__(self, numbers: range, *, port: int, folder: Path, origin_ns: int, lose: Lose) -> None:
        self._lose = lose
        self._children = {number: self._start(number, port, folder, origin_ns) for number in numbers}
        self._watchers = [gevent.spawn(self._watch, number, child) for number, child in self._children.items()]

    def stop(self) -> None:
        """End those that have not left by themselves."""
        gevent.killall(self._watchers)
        for child in self._children.values():
            child.stop()

    def _start(self, number: int, port: int, folder: Path, origin_ns: int) -> Child:
        local = {"number": number, "folder": str(folder), "origin_ns": origin_ns}
        return Child("firsttoken.load.worker", {"master": f"127.0.0.1:{port}", "local": local})

    def _watch(self, number: int, child: Child) -> None:
        code = child.process.wait()
        events = [msgspec.json.decode(line, type=dict[str, object]) for line in child.stdout]
        failure = events[-1].get("failure") if events else None
        self._lose(number, str(failure) if failure else f"its process ended with exit code {code}", code == 0)
