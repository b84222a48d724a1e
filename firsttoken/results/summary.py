"""`summary.json`: the values of a run, a flat list that anything can read.

Each entry says by which `definitions` it was computed, so that the list remains one that a table can be made of.

Rule: JSON knows no infinity, and null means absent; so what never came is written as the string "inf".
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import msgspec

from firsttoken.decoding.unreadable import UNREADABLE
from firsttoken.error import RunFolderError
from firsttoken.row import DEFINITIONS

NAME = "summary.json"
NUMBERS = ("value", "lo", "hi")

Value = TypeVar("Value", bound=msgspec.Struct)


class Summary(NamedTuple, Generic[Value]):
    """What summary.json holds."""

    values: list[Value]
    definitions: int | None
    """By which they were computed; None where it does not say, as those of older runs."""


def write_summary(folder: Path, values: Iterable[msgspec.Struct]) -> Path:
    """Write the values, one a line, to summary.json of the folder and return its path.

    A value that is nan is refused with ValueError: absent is None. An unwritable folder: RunFolderError.
    """
    lines = [msgspec.json.encode(_to_json(value) | {"definitions": DEFINITIONS}).decode() for value in values]
    path = folder / NAME
    partial = path.with_suffix(".json.partial")
    try:
        partial.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise RunFolderError(
            f"expected to write {path}, got: {error.strerror}; free some disk space or copy the run"
        ) from error
    return path


def read_summary(folder: Path, kind: type[Value]) -> Summary[Value]:
    """The values of summary.json, each as a `kind`; RunFolderError if it is missing or does not fit."""
    path = folder / NAME
    try:
        entries = msgspec.json.decode(path.read_bytes(), type=list[dict[str, object]])
        versions = {msgspec.convert(entry.get("definitions"), int | None) for entry in entries} or {DEFINITIONS}
        values = [msgspec.convert(_from_json(entry), kind) for entry in entries]
        return Summary(values, versions.pop() if len(versions) == 1 else None)
    except OSError as error:
        raise RunFolderError(f"expected {path}, got: {error.strerror}; `firsttoken report` writes it") from error
    except UNREADABLE as error:
        raise RunFolderError(f"expected a list of values in {path}, got: {error}; write it anew by `report`") from error


def _to_json(value: msgspec.Struct) -> dict[str, object]:
    entry: dict[str, object] = msgspec.to_builtins(value)
    for key in NUMBERS:
        number = entry.get(key)
        if isinstance(number, float) and not math.isfinite(number):
            if math.isnan(number):
                raise ValueError(f"expected a number or None as {key}, got nan in {entry}")
            entry[key] = "inf" if number > 0 else "-inf"
    return entry


def _from_json(entry: dict[str, object]) -> dict[str, object]:
    texts = {key: entry[key] for key in NUMBERS if entry.get(key) in ("inf", "-inf")}
    return entry | {key: float(str(text)) for key, text in texts.items()}
