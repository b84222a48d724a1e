"""The columns of `attempts.parquet`: names, order and types are those of `Row`, also where a column is all NULL.

Rule for numpy, stated here once: a number that may be absent is float64 and nan where it is absent; any other number
is int64 or float64; a text, flag or list is an object, None where it is absent. Times are whole nanoseconds since the
run's origin, and a float64 holds those exactly up to 2^53, which is 104 days. A text that is one of a few words is the
same object in every place, so that it costs a pointer; a word that the row does not know is absent.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
from msgspec.inspect import BoolType, FloatType, IntType, ListType, LiteralType, NoneType, StrType, Type, UnionType
from numpy.typing import NDArray

from firsttoken.row import (
    ADDRESS_FAILED,
    BUFFERED,
    COMPRESSED,
    HELD_BACK,
    REASONING_SUMMARY,
    STANDARD_TIERS,
    STOPPED_IN_BACKOFF,
    TIERS,
    UNKNOWN_FINISH,
    UNREAD_LIMIT,
    UNSEEN_FIRST_WORD,
    USAGE_IMPOSSIBLE,
    Outcome,
    Row,
)

Columns = dict[str, NDArray[Any]]
"""Arrays of one length by column name; which dtype a column has is the rule above."""

SQL_TYPES: dict[type[Type], str] = {
    BoolType: "BOOLEAN",
    FloatType: "DOUBLE",
    IntType: "BIGINT",
    LiteralType: "VARCHAR",
    StrType: "VARCHAR",
}


def ended_in(outcomes: Iterable[Outcome]) -> str:
    """SQL that is true of an attempt with one of these outcomes."""
    return f"outcome IN ({', '.join(map(repr, sorted(outcomes)))})"


def _sql_type(kind: Type) -> str:
    if isinstance(kind, ListType):
        return _sql_type(kind.item_type) + "[]"
    if isinstance(kind, UnionType):
        (kind,) = (member for member in kind.types if not isinstance(member, NoneType))
    return SQL_TYPES[type(kind)]


def _kinds(record: type[msgspec.Struct]) -> dict[str, Type]:
    return {field.name: msgspec.inspect.type_info(field.type) for field in msgspec.structs.fields(record)}


def sql_types(record: type[msgspec.Struct]) -> dict[str, str]:
    """Field -> SQL type of a flat record, in its order."""
    return {name: _sql_type(kind) for name, kind in _kinds(record).items()}


TYPES = sql_types(Row)
"""Column -> SQL type, in the order of the row."""

WORDS: dict[str, tuple[str, ...]] = {
    name: tuple(str(word) for word in kind.values)
    for name, kinds in ((name, getattr(kind, "types", (kind,))) for name, kind in _kinds(Row).items())
    for kind in kinds
    if isinstance(kind, LiteralType)
}
"""Column -> the few words that it can hold."""

OPTIONAL = frozenset(name for name, kind in _kinds(Row).items() if isinstance(kind, UnionType))
"""Columns that may be absent."""

CHECKS: dict[str, str] = {
    "held_back": HELD_BACK,
    "address_failed": ADDRESS_FAILED,
    "stopped_in_backoff": STOPPED_IN_BACKOFF,
    "buffered": BUFFERED,
    "compressed": COMPRESSED,
    "unknown_finish": UNKNOWN_FINISH,
    "impossible_usage": USAGE_IMPOSSIBLE,
    "unseen": UNSEEN_FIRST_WORD,
    "summarised": REASONING_SUMMARY,
}
"""What can be read of an attempt's checks -> the check that says it."""

DERIVED: dict[str, str] = {
    "file_row": "file_row",
    "begins": "lag(request_id) OVER (ORDER BY request_id, attempt) IS DISTINCT FROM request_id",
    "gap_count": "len(gaps_us)",
    "longest_gap_us": "CAST(list_max(gaps_us) AS DOUBLE)",
    **{name: f"list_contains(checks, '{check}')" for name, check in CHECKS.items()},
    "tier": (
        f"CASE WHEN service_tier IS NULL THEN NULL WHEN lower(service_tier) IN {STANDARD_TIERS!r} THEN 1.0::DOUBLE "
        f"ELSE coalesce(list_position({list(TIERS)!r}, lower(service_tier)), 0)::DOUBLE END"
    ),
}
"""What can be read beside the row's columns: its place in the file; whether it is the first, of those that are read, of
its request; how many gaps it has and the longest of them, nan without any; whether its
checks say so of it; the tier of service that answered, by its place in TIERS, from 1, 0 another and nan untold."""


UNREAD_LIMITS = f"nullif(array_to_string([c FOR c IN checks IF starts_with(c, '{UNREAD_LIMIT}:')], ' '), '')"
"""Of a row's checks, side by side, those that name a header which looks like a limit; NULL where there is none."""

ADDED = frozenset(TYPES) - frozenset(list(TYPES)[: list(TYPES).index("checks") + 1])
"""Columns that rows of version 1 do not have: all that come after their last one."""


def restored(name: str) -> str:
    """The select expression that puts back what the journal leaves out: a value that is the row's default."""
    if name in OPTIONAL:
        return f'"{name}"'
    default = getattr(Row(), name)
    return f'coalesce("{name}", {default!r}) AS "{name}"'


def absent(name: str) -> str:
    """The select expression of a column that may be absent, where no row has it."""
    return f'CAST(NULL AS {TYPES[name]}) AS "{name}"'


def selected(name: str) -> str:
    """The select expression whose numpy form keeps the rule of this file: a word becomes its place, from 1."""
    if name in DERIVED:
        return f'{DERIVED[name]} AS "{name}"'
    if name in WORDS:
        return f'coalesce(list_position({list(WORDS[name])!r}, "{name}"), 0)::UTINYINT AS "{name}"'
    is_number = TYPES[name] in ("BIGINT", "DOUBLE")
    return f'CAST("{name}" AS DOUBLE) AS "{name}"' if is_number and name in OPTIONAL else f'"{name}"'


def as_numpy(name: str, fetched: NDArray[Any]) -> NDArray[Any]:
    """A column as DuckDB hands over what was `selected`, by the rule of this file."""
    return np.array([None, *WORDS[name]], dtype=np.object_)[fetched] if name in WORDS else unmasked(fetched)


def unmasked(column: NDArray[Any]) -> NDArray[Any]:
    """A column as DuckDB hands it over, without its mask: absent numbers become nan, anything else absent None."""
    if not isinstance(column, np.ma.MaskedArray):
        return column
    filled = column.data if column.dtype == np.float64 else column.data.astype(object)
    filled[np.ma.getmaskarray(column)] = np.nan if column.dtype == np.float64 else None
    return filled
