"""The table of dialects: each file of this folder that defines a DIALECT speaks an API.

To add an API, write such a file, and one in `simulator/dialects/` with its route. Scenario, JSON Schema, checks and
clients follow; the openai package is asked only by the APIs that it has a call for.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Literal

from firsttoken.wire.dialects.dialect import Dialect

_FILES = [import_module(f"{__name__}.{file.name}") for file in iter_modules(__path__)]
DIALECTS: dict[str, Dialect] = {file.DIALECT.name: file.DIALECT for file in _FILES if hasattr(file, "DIALECT")}
"""Every API by the name that a scenario gives it."""
if TYPE_CHECKING:
    Api = str
else:
    Api = Literal[tuple(DIALECTS)]
