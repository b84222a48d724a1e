"""Sentences that people read, held once: a text file of each subject in tests/snapshots/.

Rule: tests assert facts. The words in which we tell them are compared here with a document that a person can read from
top to bottom; `make snapshots` writes it anew, and the change of it shows what readers will see.
"""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path

FOLDER = Path(__file__).parent / "snapshots"
Sections = Mapping[str, str | Iterable[str]]
"""What each sentence answers -> the sentence, or several of them."""


def render(sections: Sections) -> str:
    """The document: under each heading its lines."""
    blocks = []
    for heading, told in sections.items():
        lines = told.splitlines() if isinstance(told, str) else told
        blocks.append("\n".join([f"# {heading}", *(line.rstrip() for line in lines)]))
    return "\n\n".join(blocks) + "\n"


def hold(path: Path, content: bytes, *, write: bool) -> None:
    """Hold a committed file against what the code makes of it, or write it."""
    if write:
        path.write_bytes(content)
    assert path.read_bytes() == content, f"{path.name} is not what the code makes: run make snapshots, read the change"


def compare(name: str, sections: Sections, *, write: bool) -> None:
    """Hold these sentences against tests/snapshots/NAME.txt, or write that file."""
    path = FOLDER / f"{name}.txt"
    text = render(sections)
    if write:
        path.write_text(text, encoding="utf-8")
    held = path.read_text(encoding="utf-8") if path.exists() else ""
    change = "\n".join(difflib.unified_diff(held.splitlines(), text.splitlines(), "held", "told now", lineterm=""))
    assert not change, f"{path.name} holds other words; if these are meant: make snapshots\n{change}"
