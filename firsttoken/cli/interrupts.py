"""What an interrupt from the keyboard means: the first asks to finish in order, the second leaves at once.

Rule: only the command receives interrupts; its children run in sessions of their own and are stopped through their
pipes.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType


class Interrupts:
    """Counts interrupts for a while: `with Interrupts(report) as interrupts: ...`."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self.count = 0
        self._say = report
        self._finish: Callable[[], None] | None = None

    def __enter__(self) -> Interrupts:
        self._previous = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._previous)

    def call(self, finish: Callable[[], None]) -> None:
        """From now on call `finish` at the first interrupt; at once if that has already come."""
        self._finish = finish
        if self.count:
            finish()

    def _on_signal(self, _signal: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self.count > 1:
            raise KeyboardInterrupt
        self._say("stopping, the report follows; interrupt again to leave at once")
        if self._finish is not None:
            self._finish()
