"""JSON lines as a run writes them: append-only, flushed each second, and perhaps torn by a kill.

Rule: a line that cannot be read is left out, counted and said, wherever it stands; it never takes others with it.
"""

from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from firsttoken.decoding.unreadable import UNREADABLE

Record = TypeVar("Record", bound=msgspec.Struct)


class Damage(NamedTuple):
    """Lines of one file that could not be read: the unfinished last one, and others."""

    torn: bool
    broken: int


def read_lines(path: Path, kind: type[Record]) -> tuple[list[Record], Damage]:
    """Every readable line of the file as a `kind`, in order, and what could not be read. Raises OSError."""
    decoder = msgspec.json.Decoder(kind)
    records: list[Record] = []
    content = path.read_bytes()
    broken = 0
    for line in filter(None, map(bytes.strip, content.split(b"\n"))):
        try:
            records.append(decoder.decode(line))
        except UNREADABLE:
            broken += 1
    torn = is_torn(content.rpartition(b"\n")[2])
    return records, Damage(torn, broken - torn)


def is_torn(tail: bytes) -> bool:
    """Whether what follows the file's last newline is a part of a line: neither nothing nor JSON."""
    if not tail.strip():
        return False
    try:
        msgspec.json.decode(tail)
    except UNREADABLE:
        return True
    return False


def read_tail(path: Path, step: int = 1 << 16) -> bytes:
    """What follows the last newline of a file of any size; the rest is not read. Raises OSError."""
    with path.open("rb") as file:
        at = file.seek(0, 2)
        tail = b""
        while at and b"\n" not in tail:
            length = min(step, at)
            at = file.seek(at - length)
            tail = file.read(length) + tail
    return tail.rpartition(b"\n")[2]


def describe(damage: Damage, name: str) -> list[str]:
    """The sentences that a reader of the report is owed; none where nothing was lost."""
    notes = []
    if damage.torn:
        notes.append(f"{name} ends in the middle of a line; that last line was left out.")
    if damage.broken:
        notes.append(f"{name} has {damage.broken} broken line{'s' * (damage.broken > 1)}; left out.")
    return notes
