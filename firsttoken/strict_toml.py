"""TOML into a struct, strictly: what does not fit is refused with one sentence.

Rule: the sentence names the file, the key, what was expected, what came and, for a mistyped word, the nearest
valid one. Nothing is coerced, ignored or guessed. A value that may be a secret is never repeated.
"""

from __future__ import annotations

import difflib
import json
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")

_SECRET_KEYS = frozenset({"key_env", "api_key", "base_url", "headers"})
_PLAIN: dict[type[inspect.Type], type] = {inspect.StrType: str, inspect.IntType: int, inspect.FloatType: float}
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")


class TomlError(ValueError):
    """A file that is not what it should be; its text is the whole sentence to show."""


def read_toml(path: Path) -> dict[str, object]:
    """The tables of a TOML file. Raises TomlError when it cannot be read or is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TomlError(f"{path}: expected a readable TOML file, got: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise TomlError(f"{path}: expected UTF-8 text, got byte {error.object[error.start]:#x}") from None
    except tomllib.TOMLDecodeError as error:
        raise TomlError(f"{path}: expected valid TOML, got: {error}") from None


def decode(data: Mapping[str, object], kind: type[T]) -> T:
    """`data` as a `kind`, a msgspec struct. Raises TomlError: key, expected, got; the caller knows the file."""
    for label, value in leaves(data):
        if not isinstance(value, str | int | float) or (isinstance(value, float) and not math.isfinite(value)):
            raise TomlError(f"{label}: expected text, a finite number, true or false, got {value}")
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise TomlError(_explain(str(error), data, kind)) from None


def leaves(value: object, label: str = "") -> Iterator[tuple[str, object]]:
    """Every plain value inside tables and lists with its dotted key, such as ("target.gpt-5.4.api", "chat")."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, f"{label}.{name}".lstrip("."))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, label + _item_label(inner, index))
    else:
        yield label, value


def suggest(word: str, known: Iterable[str]) -> str:
    """`; did you mean "users"?`, or nothing when no known word is near."""
    matches = difflib.get_close_matches(word, list(known), n=1)
    return f'; did you mean "{matches[0]}"?' if matches else ""


def one_of(words: Iterable[object]) -> str:
    """`"a", "b" or "c"`: the values that would have been right, as TOML writes them."""
    *most, last = [json.dumps(word, ensure_ascii=False) for word in words]
    return f"{', '.join(most)} or {last}" if most else last


class _Place(NamedTuple):
    """Where in the file an error is: its dotted key, what stands there, and the kinds of value it may hold."""

    label: str
    value: object
    kinds: tuple[inspect.Type, ...]


def _explain(message: str, data: Mapping[str, object], kind: type) -> str:
    """msgspec's message, such as "Expected `int`, got `str` - at `$.load.users[0]`", as our sentence."""
    text, _, path = message.partition(" - at `$")
    place = _locate(path.rstrip("`"), data, kind)
    label = f"{place.label}: " if place.label else ""
    if found := re.fullmatch(r"Object contains unknown field `(.*)`", text):
        known = [name for k in place.kinds if isinstance(k, inspect.StructType) for name in _fields(k)]
        return f"{label}expected the keys {', '.join(sorted(known))}, got {found[1]}{suggest(found[1], known)}"
    if found := re.fullmatch(r"Object missing required field `(.*)`", text):
        missing = f"{place.label}.{found[1]}".lstrip(".")
        return f"{missing}: expected {_expected(_descend(place.kinds, found[1]))}, got nothing, and it is required"
    if not text.startswith(("Expected", "Invalid enum value")):
        return f"{place.label}.{text}".lstrip(".")
    return f"{label}expected {_expected(place.kinds)}, got {_shown(place)}"


def _locate(path: str, data: object, kind: type) -> _Place:
    """Follow msgspec's path (".target[0].api") through the data and the type side by side."""
    place = _Place("", data, _alternatives(inspect.type_info(kind)))
    for name, index in _STEP.findall(path):
        label, value, kinds = place
        if not (name or index):
            name = _wrong_entry(value, _descend(kinds, None))
        if name:
            value = value.get(name) if isinstance(value, Mapping) else None
            place = _Place(f"{label}.{name}".lstrip("."), value, _descend(kinds, name))
        elif index:
            value = value[int(index)] if isinstance(value, list) else None
            place = _Place(label + _item_label(value, int(index)), value, _descend(kinds, None))
    return place


def _wrong_entry(table: object, kinds: tuple[inspect.Type, ...]) -> str:
    """The name of a free table's first entry of the wrong kind, which msgspec does not tell; "" if none is found."""
    entries = table.items() if isinstance(table, Mapping) else ()
    return next((str(name) for name, value in entries if not any(_fits(value, kind) for kind in kinds)), "")


def _fits(value: object, kind: inspect.Type) -> bool:
    try:
        msgspec.convert(value, kind.cls if isinstance(kind, inspect.StructType) else _PLAIN.get(type(kind), object))
    except msgspec.ValidationError:
        return False
    return True


def _item_label(item: object, index: int) -> str:
    """`.NAME` for a table that has a name (as `--set` writes it), `[2]` for anything else."""
    name = (item.get("name") or item.get("model")) if isinstance(item, Mapping) else None
    return f".{name}" if name and isinstance(name, str) else f"[{index}]"


def _fields(kind: inspect.StructType) -> dict[str, inspect.Type]:
    return {field.encode_name: field.type for field in kind.fields}


def _alternatives(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    """The kinds a union is made of; a described type stays whole, for its description."""
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def _descend(kinds: tuple[inspect.Type, ...], name: str | None) -> tuple[inspect.Type, ...]:
    """The kinds of a table's field `name`, or of a list's or table's items when `name` is None."""
    inner: list[inspect.Type] = []
    for kind in kinds:
        if isinstance(kind, inspect.Metadata):
            kind = kind.type
        if isinstance(kind, inspect.StructType) and name in _fields(kind):
            inner += _alternatives(_fields(kind)[name])
        elif isinstance(kind, inspect.DictType):
            inner += _alternatives(kind.value_type)
        elif isinstance(kind, inspect.ListType) and name is None:
            inner += _alternatives(kind.item_type)
    return tuple(inner)


def _expected(kinds: tuple[inspect.Type, ...]) -> str:
    """What may stand at a place, in words: "a whole number >= 1 or a table of median, p95"."""
    return " or ".join(_in_words(kind) for kind in kinds if not isinstance(kind, inspect.NoneType))


def _in_words(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata(extra_json_schema={"description": str(description)}):
            return description
        case inspect.Metadata():
            return _in_words(kind.type)
        case inspect.IntType():
            return "a whole number" + _bounds(kind)
        case inspect.FloatType():
            return "a number" + _bounds(kind)
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType():
            return one_of(kind.values)
        case inspect.ListType():
            least = " of one or more" if kind.min_length else ""
            return f"a list{least}, each {_expected(_alternatives(kind.item_type))}"
        case inspect.StructType():
            return f"a table of {', '.join(_fields(kind))}"
        case inspect.DictType():
            return "a table"
    return "text"


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    limits = {">=": kind.ge, ">": kind.gt, "<=": kind.le, "<": kind.lt}
    given = [f"{sign} {limit:g}" for sign, limit in limits.items() if limit is not None]
    return (" " + " and ".join(given)) if given else ""


def _shown(place: _Place) -> str:
    """What came, as TOML would write it, with the nearest word that is allowed; a possible secret stays hidden."""
    if not _SECRET_KEYS.isdisjoint(place.label.split(".")):
        return "something else (not repeated here, as it may be a secret)"
    shown = json.dumps(place.value, ensure_ascii=False, default=str)
    words = [str(word) for kind in place.kinds if isinstance(kind, inspect.LiteralType) for word in kind.values]
    hint = suggest(place.value, words) if isinstance(place.value, str) else ""
    return (shown if len(shown) <= 80 else shown[:77] + "...") + hint
