"""Where nested tables and lists do not fit the type that they should be of, found by trying them part by part.

Rule: of msgspec only counts what it takes and what it refuses. The words in which it refuses are its own affair, and
another version's may be others.
"""

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, NamedTuple, Union, get_args, get_origin

import msgspec

Path = tuple[str | int, ...]
"""The way into the data: a key of a table, or an index of a list, for each step."""


class Mismatch(NamedTuple):
    """The innermost value that does not fit: the way to it, itself, its type, and what is wrong where that is known."""

    path: Path
    value: object
    hint: object
    unknown: str | None = None
    """A key that the table does not have."""
    missing: str | None = None
    """A key that the table needs and that is not there."""
    reason: str | None = None
    """What the struct's own check says of a table whose parts are right."""


def find_mismatch(value: object, hint: object, path: Path = ()) -> Mismatch | None:
    """The first misfit of `value`, in its own order, against the type `hint`; None where it fits."""
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        return _look_inside(value, hint, path) or Mismatch(path, value, hint, reason=_told_by(error.__cause__))
    return None


def members(hint: object) -> tuple[object, ...]:
    """The types that a value may be of: those of a union, each without its constraints."""
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if get_origin(hint) in (Union, UnionType):
        return tuple(member for part in get_args(hint) for member in members(part))
    return (hint,)


def fields_of(hint: object) -> dict[str, msgspec.structs.FieldInfo]:
    """The keys of the table among the types that a value may be of, which are none where it may be no struct."""
    structs = (member for member in members(hint) if isinstance(member, type) and issubclass(member, msgspec.Struct))
    return {field.encode_name: field for struct in structs for field in msgspec.structs.fields(struct)}


def _look_inside(value: object, hint: object, path: Path) -> Mismatch | None:
    """The first part of a value that does not fit, or what its table lacks or has too much."""
    fields = fields_of(hint) if isinstance(value, Mapping) else {}
    for key, part, inner in _parts(value, hint):
        if inner is None:
            return Mismatch(path, value, hint, unknown=str(key))
        if found := find_mismatch(part, inner, (*path, key)):
            return found
    absent = [
        name for name, field in fields.items() if field.required and isinstance(value, Mapping) and name not in value
    ]
    return Mismatch(path, value, hint, missing=absent[0]) if absent else None


def _parts(value: object, hint: object) -> Iterator[tuple[str | int, object, object]]:
    """Key or index, value and type of every part that has a type; the type is None where the key is not allowed."""
    fields = fields_of(hint)
    inner = {get_origin(member): get_args(member) for member in members(hint)}
    if isinstance(value, Mapping) and fields:
        for key, part in value.items():
            if key in fields:
                yield key, part, fields[key].type
            elif _is_closed(hint):
                yield key, part, None
    elif isinstance(value, Mapping) and dict in inner:
        yield from ((key, part, inner[dict][1]) for key, part in value.items())
    elif isinstance(value, list) and list in inner:
        yield from ((index, part, inner[list][0]) for index, part in enumerate(value))


def _is_closed(hint: object) -> bool:
    """Whether the table refuses keys that it does not have."""
    structs = (member for member in members(hint) if isinstance(member, type) and issubclass(member, msgspec.Struct))
    return all(struct.__struct_config__.forbid_unknown_fields for struct in structs)


def _told_by(cause: BaseException | None) -> str | None:
    return str(cause) if isinstance(cause, ValueError) else None
