"""The plain part of YAML that our manifests keep to: maps, lists, words, flow lists, and text after `|`.

Rule: whatever is not plain is refused, so that what a reader sees is what Kubernetes reads.
"""

import re

Node = dict[str, "Node"] | list["Node"] | str
Lines = list[tuple[int, str]]
"""(how far indented, the rest)"""

WORD = re.compile(r'"(?P<quoted>[^"\\]*)"|(?P<bare>[^\s"\'\[\]{}#&*!|>%@`,][^#\[\]{}"]*)')


def read_documents(text: str) -> list[Node]:
    """Every document of a file. Raises ValueError for what is not plain."""
    return [read(part) for part in re.split(r"^---$", text, flags=re.MULTILINE)]


def read(text: str) -> Node:
    """One document."""
    if "\t" in text:
        raise ValueError("expected spaces, got a tab")
    lines = [(len(line) - len(line.lstrip()), line.strip()) for line in text.splitlines()]
    lines = [line for line in lines if line[1] and not line[1].startswith("# ")]
    node = _take(lines, lines[0][0])
    if lines:
        raise ValueError(f"expected the end, got {lines[0][1]!r}")
    return node


def _take(lines: Lines, indent: int) -> Node:
    """The map or list that begins here, so far indented; what it takes is gone from `lines`."""
    items: list[Node] = []
    pairs: dict[str, Node] = {}
    while lines and lines[0][0] == indent:
        text = lines.pop(0)[1]
        if text.startswith("- "):
            lines.insert(0, (indent + 2, text[2:]))
            items.append(_take(lines, indent + 2) if ": " in text or text.endswith(":") else _word(lines.pop(0)[1]))
            continue
        key, colon, rest = text.partition(":")
        if not colon or key in pairs:
            raise ValueError(f"expected a new key, got {text!r}")
        pairs[key] = _value(lines, indent, rest.strip())
    if bool(items) == bool(pairs):
        raise ValueError("expected a map or a list, got both or neither")
    return items or pairs


def _value(lines: Lines, indent: int, rest: str) -> Node:
    deeper = lines[0][0] if lines else 0
    if rest == "|":
        text = []
        while lines and lines[0][0] > indent:
            text.append(lines.pop(0)[1])
        return "\n".join(text)
    if rest == "{}":
        return {}
    if rest.startswith("[") and rest.endswith("]"):
        return [_word(word.strip()) for word in rest[1:-1].split(",")]
    if rest:
        return _word(rest)
    if deeper <= indent:
        raise ValueError("expected something below a key, got nothing")
    return _take(lines, deeper)


def _word(text: str) -> str:
    match = WORD.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a plain word, got {text!r}")
    return match["quoted"] if match["quoted"] is not None else match["bare"].strip()
