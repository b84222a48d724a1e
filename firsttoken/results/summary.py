"""`summary.json`: the figures of a run, a flat list that anything can read.

Rule: JSON knows no infinity, and null means absent; so what never came is written as the string "inf".
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from firsttoken.decoding.unreadable import UNREADABLE
from firsttoken.results.error import RunFolderError

NAME = "summary.json"
NUMBERS = ("value", "lo", "hi")

Figure = TypeVar("Figure", bound=msgspec.Struct)


def write_summary(folder: Path, figures: Iterable[msgspec.Struct]) -> Path:
    """Write the figures, one a line, to summary.json of the folder and return its path.

    A figure that is nan is refused with ValueError: absent is None. An unwritable folder: RunFolderError.
    """
    lines = [msgspec.json.encode(_to_json(figure)).decode() for figure in figures]
    path = folder / NAME
    partial = path.with_suffix(".json.partial")
    try:
        partial.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise RunFolderError(
            f"expected to write {path}, got: {error.strerror}; free the disk or copy the run"
        ) from error
    return path


def read_summary(folder: Path, kind: type[Figure]) -> list[Figure]:
    """The figures of summary.json, each as a `kind`; RunFolderError if it is missing or does not fit."""
    path = folder / NAME
    try:
        entries = msgspec.json.decode(path.read_bytes(), type=list[dict[str, object]])
        return [msgspec.convert(_from_json(entry), kind) for entry in entries]
    except OSError as error:
        raise RunFolderError(f"expected {path}, got: {error.strerror}; `firsttoken report` writes it") from error
    except UNREADABLE as error:
        raise RunFolderError(
            f"expected a list of figures in {path}, got: {error}; write it anew by `report`"
        ) from error


def _to_json(figure: msgspec.Struct) -> dict[str, object]:
    entry: dict[str, object] = msgspec.to_builtins(figure)
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
