"""Rows written by hand as the columns that a run folder hands out: an absent number is nan, anything else None."""

from collections.abc import Sequence

import numpy as np

from firsttoken.results.columns import CHECKS, OPTIONAL, TYPES, Columns
from firsttoken.row import Row


def columns_of(rows: Sequence[Row], names: Sequence[str]) -> Columns:
    """These columns of the rows."""
    return {name: np.array([_read(row, name) for row in rows], dtype=_dtype(name)) for name in names}


def _read(row: Row, name: str) -> object:
    return CHECKS[name] in row.checks if name in CHECKS else getattr(row, name)


def _dtype(name: str) -> type:
    if name in CHECKS:
        return np.bool_
    numeric = TYPES[name] in ("BIGINT", "DOUBLE")
    return object if not numeric else np.float64 if name in OPTIONAL or TYPES[name] == "DOUBLE" else np.int64
