"""TOML into a struct, strictly: what does not fit is refused with one sentence.

Rule: the sentence names the file, the key, what was expected, what came and, for a mistyped word, the nearest
valid one. Nothing is coerced, ignored or guessed. A value that may be a secret is never repeated.
"""

import difflib
import json
import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import inspect

from firsttoken.decoding.mismatch import Mismatch, fields_of, find_mismatch
from firsttoken.error import FirstTokenError

T = TypeVar("T")

_SECRET_KEYS = frozenset({"key_env", "api_key", "base_url", "headers"})


class TomlError(FirstTokenError, ValueError):
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
    if found := find_mismatch(data, kind):
        raise TomlError(_explain(found, data))
    return msgspec.convert(data, kind)


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


def _explain(found: Mismatch, data: Mapping[str, object]) -> str:
    """What does not fit, as our sentence."""
    label = _label(found.path, data)
    at = f"{label}: " if label else ""
    if found.unknown is not None:
        known = fields_of(found.hint)
        return f"{at}expected the keys {', '.join(sorted(known))}, got {found.unknown}{suggest(found.unknown, known)}"
    if found.missing is not None:
        missing = f"{label}.{found.missing}".lstrip(".")
        wanted = _expected(_alternatives(inspect.type_info(fields_of(found.hint)[found.missing].type)))
        return f"{missing}: expected {wanted}, got nothing; it is required"
    if found.reason is not None:
        return f"{label}.{found.reason}".lstrip(".")
    kinds = _alternatives(inspect.type_info(found.hint))
    return f"{at}expected {_expected(kinds)}, got {_shown(label, found.value, kinds)}"


def _label(path: tuple[str | int, ...], value: object) -> str:
    """The dotted key of a place, such as "target.gpt-5.4.api"."""
    label = ""
    for step in path:
        value = value[step]  # type: ignore[index]  # the path was found in these very tables and lists
        label = f"{label}.{step}".lstrip(".") if isinstance(step, str) else label + _item_label(value, step)
    return label


def _item_label(item: object, index: int) -> str:
    """`.NAME` for a table that has a name (as `--set` writes it), `[2]` for anything else."""
    name = (item.get("name") or item.get("model")) if isinstance(item, Mapping) else None
    return f".{name}" if name and isinstance(name, str) else f"[{index}]"


def _alternatives(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    """The kinds a union is made of; a described type stays whole, for its description."""
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


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
            return f"a table of {', '.join(field.encode_name for field in kind.fields)}"
        case inspect.DictType():
            return "a table"
    return "text"


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    limits = {">=": kind.ge, ">": kind.gt, "<=": kind.le, "<": kind.lt}
    given = [f"{sign} {limit:g}" for sign, limit in limits.items() if limit is not None]
    return (" " + " and ".join(given)) if given else ""


def _shown(label: str, value: object, kinds: tuple[inspect.Type, ...]) -> str:
    """What came, as TOML would write it, with the nearest word that is allowed; a possible secret stays hidden."""
    if not _SECRET_KEYS.isdisjoint(label.split(".")):
        return "something else (not shown here, as it may be a secret)"
    shown = json.dumps(value, ensure_ascii=False, default=str)
    words = [str(word) for kind in kinds if isinstance(kind, inspect.LiteralType) for word in kind.values]
    hint = suggest(value, words) if isinstance(value, str) else ""
    return (shown if len(shown) <= 80 else shown[:77] + "...") + hint
