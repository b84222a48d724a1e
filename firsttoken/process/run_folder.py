"""The folder of a run as the command has it: made, locked while the run lasts, and resumed.

Rule: nothing that was recorded is lost; a folder with content is refused, and one that another run uses is left alone.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from firsttoken.decoding.unreadable import UNREADABLE
from firsttoken.process.launch import LaunchError
from firsttoken.row import DEFINITIONS
from firsttoken.scenario.format import Scenario
from firsttoken.scenario.reading import dump_toml


def find_interrupted(folder: Path) -> Path:
    """The folder of a run that can continue. Raises LaunchError where it is none, has ended or was begun under other
    definitions.
    """
    manifest = folder / "manifest.json"
    if not (manifest.is_file() and (folder / "scenario.toml").is_file()):
        got = (
            "a folder without its manifest.json and scenario.toml"
            if folder.is_dir()
            else "a file"
            if folder.exists()
            else "no such folder"
        )
        raise LaunchError(
            f"--resume {folder}: expected the folder of a run, got {got}; `firsttoken run` prints its path"
        )
    try:
        stored = msgspec.json.decode(manifest.read_bytes(), type=dict[str, object])
    except UNREADABLE:
        raise LaunchError(
            f"--resume {folder}: expected the manifest of a run in {manifest}, got a damaged one"
        ) from None
    if stored.get("state") == "complete":
        raise LaunchError(
            f"--resume {folder}: expected an interrupted run, got one that is complete; `firsttoken report {folder}` "
            "makes its PDF again"
        )
    if stored.get("definitions") != DEFINITIONS:
        raise LaunchError(
            f"--resume {folder}: expected a run begun under the rules of this version (definitions {DEFINITIONS}), "
            "got one begun under others, whose parts could not be compared; continue it with the version that began it "
            "or start a new run"
        )
    return folder


@contextmanager
def hold_folder(folder: Path) -> Iterator[int]:
    """Be the only run in a folder; yields the open file whose lock says so. Raises LaunchError where another runs.

    The lock lasts until every process that has the file open is gone, so it outlives a command that is killed, by as
    long as its load process does.
    """
    lock = _lock(folder)
    try:
        yield lock
    finally:
        os.close(lock)


def _lock(folder: Path) -> int:
    path = folder / "scenario.toml"
    try:
        file = os.open(path, os.O_RDWR)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise LaunchError(
            f"{folder}: expected a folder that no other run uses, another `firsttoken run` is writing to it; "
            "wait until that has ended, or end it"
        ) from None
    except OSError as error:
        raise LaunchError(
            f"{path}: expected to lock it, so that only one run writes to the folder, got: {error.strerror}; "
            "choose a folder on another file system with --out"
        ) from None
    return file


def forget_derived(folder: Path) -> None:
    """Remove what was derived from the rows of a run that is about to be resumed, so that it is made again."""
    for derived in ("attempts.parquet", "summary.json", "report.pdf"):
        (folder / derived).unlink(missing_ok=True)


def check_new(folder: Path) -> None:
    """Refuse a folder that a run cannot be written into. Raises LaunchError."""
    if folder.exists() and not folder.is_dir():
        raise LaunchError(f"--out {folder}: expected a new or empty folder, got a file; choose another")
    if folder.exists() and any(folder.iterdir()):
        raise LaunchError(f"--out {folder}: expected a new or empty folder, got one with content; choose another")


def open_folder(scenario: Scenario, out: str | Path | None = None) -> Path:
    """Make the run folder, with the resolved scenario in it; one that has content already is refused."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folder = Path(out) if out else Path("runs") / f"{now}-{scenario.name}"
    check_new(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "scenario.toml").write_text(dump_toml(scenario))
    except OSError as error:
        raise LaunchError(f"--out {folder}: expected to write there, got: {error.strerror}") from None
    return folder
