"""A worker's rows on their way to the master's disk: appended there byte for byte as they lie here.

Rule: the length of the master's file is the acknowledgement. A batch is appended only where it begins at the end of
what is there already, and every answer says how long that is; so a batch may be lost, doubled or late, and either side
may start anew: nothing is lost or doubled, and the master's file is at all times a beginning of the worker's.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from firsttoken.duration import NS
from firsttoken.error import FirstTokenError

BATCH_BYTES = 256 * 1024
PATIENCE_NS = NS
"""How long to wait for the answer to a batch before it is sent again."""


class SpoolError(FirstTokenError):
    """The two files do not belong together; the message is a sentence for the user."""


class Batch(msgspec.Struct, frozen=True):
    """A piece of a worker's journal. An empty one only asks how much is there."""

    worker: int
    offset: int
    data: bytes


class Shipper:
    """The worker's side of one journal; it reads the file only, whoever writes it."""

    def __init__(self, path: Path, worker: int) -> None:
        self.path = path
        self.worker = worker
        self._acknowledged: int | None = None
        """Bytes that the master has; None until it was asked."""
        self._sent_ns: int | None = None
        """When the batch was sent that is still unanswered."""

    @property
    def size(self) -> int:
        """Bytes in the file now; one that nobody has written to is not there yet."""
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def has_shipped_all(self) -> bool:
        """Whether the master has said that it has every byte that lies here now."""
        return self._acknowledged == self.size

    def next_batch(self, now_ns: int) -> Batch | None:
        """What to send now; None where nothing is new or an answer may still come."""
        if self._sent_ns is not None and now_ns < self._sent_ns + PATIENCE_NS:
            return None
        if self.has_shipped_all:
            return None
        offset, data = 0, b""
        if self._acknowledged is not None:
            offset, data = self._acknowledged, self._read(self._acknowledged)
        self._sent_ns = now_ns
        return Batch(self.worker, offset, data)

    def record_ack(self, size: int) -> None:
        """Hear how much the master has: whatever was thought before, the next batch begins there.

        Raises SpoolError where it has more than there is.
        """
        if size > self.size:
            raise SpoolError(
                f"{self.path}: expected to hold at least the {size} bytes that the master has, it holds {self.size}; "
                "this is not the journal that was shipped before: keep both files apart"
            )
        self._acknowledged, self._sent_ns = size, None

    def _read(self, offset: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(offset)
            return file.read(BATCH_BYTES)


class Receiver:
    """The master's side of one journal."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.size = os.fstat(self._fd).st_size
        """Bytes in the file: what the worker is told after every batch."""

    def accept(self, batch: Batch) -> int:
        """Append a batch if it begins where the file ends; the file's size. Raises OSError when the disk refuses."""
        if batch.offset == self.size and batch.data:
            self.size += os.write(self._fd, batch.data)
        return self.size

    def close(self) -> None:
        """Have the rows survive the machine as well. Raises OSError when the disk refuses."""
        os.fsync(self._fd)
        os.close(self._fd)


def name_journal(attempts: Path, worker: int) -> Path:
    """Where the journal of a worker lies in a folder of attempts."""
    return attempts / f"worker-{worker}.jsonl"


def find_last_number(attempts: Path) -> int:
    """The highest number of a worker that has a journal there; 0 where none has."""
    return max((int(path.stem.removeprefix("worker-")) for path in attempts.glob("worker-*.jsonl")), default=0)
