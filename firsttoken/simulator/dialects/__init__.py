"""The table of routes: each file of this folder that defines a ROUTE serves the API of a dialect in `wire/dialects`."""

from importlib import import_module
from pkgutil import iter_modules

from firsttoken.simulator.dialects.dialect import Route

_FILES = [import_module(f"{__name__}.{file.name}") for file in iter_modules(__path__)]
ROUTES: dict[str, Route] = {file.ROUTE.path: file.ROUTE for file in _FILES if hasattr(file, "ROUTE")}
"""Every path that is answered with tokens."""
