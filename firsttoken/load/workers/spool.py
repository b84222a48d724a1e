"""Where a worker of another machine keeps its rows until its master has them.

Rule: a spool belongs to one run and one worker; it is locked while its process lives and gone once every row of it is
with the master. What is found unlocked was left by a process that ended before that.
"""

import fcntl
import os
import re
import shutil
from pathlib import Path

import msgspec

from firsttoken.load.workers.shipping import name_journal

NAME = re.compile(r"(?P<run_key>[0-9a-f]{16})-(?P<number>[0-9]+)")
NOTE = "run.json"


class Spool(msgspec.Struct, frozen=True):
    """One worker's rows of one run; `folder` is laid out as a run folder is."""

    folder: Path
    run_id: str
    run_key: str
    number: int

    @property
    def journal(self) -> Path:
        return name_journal(self.folder / "attempts", self.number)

    def describe(self) -> str:
        """What to do with rows that never reached their master, in a sentence."""
        return (
            f"rows of worker {self.number} of run {self.run_id} are here, in {self.journal}: copy that file to "
            f"RUN/attempts/{self.journal.name} on the master's machine, over the incomplete copy there, then "
            f"`firsttoken report RUN`; and remove {self.folder}"
        )


class SpoolFolder:
    """All spools of a machine's user. Only one process holds each."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._locks: dict[Path, int] = {}

    def open(self, run_id: str, run_key: str, number: int) -> Spool:
        """A new spool, held by this process. Raises OSError where the disk refuses."""
        folder = self._root / f"{run_key}-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / NOTE).write_bytes(msgspec.json.encode({"run_id": run_id}))
        self._hold(folder)
        return Spool(folder, run_id, run_key, number)

    def find_left(self) -> list[Spool]:
        """Spools without a holder; this process holds them now."""
        found = []
        for folder in sorted(self._root.iterdir()) if self._root.is_dir() else []:
            match, note = NAME.fullmatch(folder.name), folder / NOTE
            if match and note.is_file() and self._hold(folder):
                run_id = msgspec.json.decode(note.read_bytes(), type=dict[str, str])["run_id"]
                spool = Spool(folder, run_id, match["run_key"], int(match["number"]))
                if spool.journal.is_file() and spool.journal.stat().st_size:
                    found.append(spool)
                else:
                    self.discard(spool)
        return found

    def discard(self, spool: Spool) -> None:
        """Every row is with the master."""
        shutil.rmtree(spool.folder, ignore_errors=True)
        if spool.folder in self._locks:
            os.close(self._locks.pop(spool.folder))

    def release(self) -> None:
        """Hold none of them any more, as the end of the process does."""
        while self._locks:
            os.close(self._locks.popitem()[1])

    def _hold(self, folder: Path) -> bool:
        """Lock a spool; False where another process holds it."""
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._locks[folder] = lock
        return True
