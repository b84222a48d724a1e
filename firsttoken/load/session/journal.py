"""The journal of one load process: rows, stage boundaries and health, appended as JSON lines.

Rule: an attempt's start line is journalled before it is sent; a line is with the kernel a quarter of a second after its
event, well within the second that a kill may cost; and a disk that refuses is loud: `failure` says so, the run ends,
and what was written stays.
"""

import os
from pathlib import Path

import msgspec

from firsttoken.row import Health, Manifest, Row, StageEvent

_ENCODER = msgspec.json.Encoder()


class Journal:
    """One append-only file of JSON lines; lines wait in memory until `flush`, and without any there is no file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None
        self._waiting = bytearray()

    def append(self, record: msgspec.Struct) -> None:
        self._waiting += _ENCODER.encode(record) + b"\n"

    def flush(self) -> None:
        """Hand all waiting lines to the kernel. Raises OSError when the disk refuses."""
        while self._waiting:
            if self._fd is None:
                self._fd = self._open()
            written = os.write(self._fd, self._waiting)
            del self._waiting[:written]

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)

    def _open(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        size = os.fstat(fd).st_size
        if size and os.pread(fd, 1, size - 1) != b"\n":
            self._waiting[:0] = b"\n"  # a killed run left half a line, which is not to spoil the next one
        return fd


class Recorder:
    """All journals of one load process, and the counts that the journals are checked against."""

    def __init__(self, folder: Path, worker: int) -> None:
        self.folder = folder
        self.worker = worker
        self.failure: str | None = None
        self.started: dict[int, int] = {}
        """Attempts started, by stage."""
        self._attempts = Journal(folder / "attempts" / f"worker-{worker}.jsonl")
        self._stages = Journal(folder / "stages.jsonl")
        self._health = Journal(folder / "health.jsonl")

    def begin_attempt(self, row: Row) -> None:
        """Journal the start line of an attempt: its row as far as it is known."""
        self.started[row.stage] = self.started.get(row.stage, 0) + 1
        self._attempts.append(row)

    def end_attempt(self, row: Row) -> None:
        """Journal the finished row; of two lines of one attempt the last one counts."""
        self._attempts.append(row)

    def record_boundary(self, event: StageEvent) -> None:
        self._stages.append(event)
        self.flush()

    def record_health(self, health: Health) -> None:
        self._health.append(health)

    def flush(self) -> None:
        """Write what waits; after a failure nothing more is written."""
        if self.failure is not None:
            return
        try:
            for journal in (self._attempts, self._stages, self._health):
                journal.flush()
        except OSError as error:
            self.failure = (
                f"{self.folder}: expected to write the journal, got: {error.strerror}; "
                "the rows so far are kept: free some space, then run `firsttoken report` on this folder"
            )

    def close(self) -> None:
        self.flush()
        for journal in (self._attempts, self._stages, self._health):
            journal.close()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `manifest.json` whole or not at all: a reader never meets half of it."""
    draft = folder / "manifest.json.draft"
    draft.write_bytes(msgspec.json.format(_ENCODER.encode(manifest), indent=2) + b"\n")
    draft.replace(folder / "manifest.json")
