"""The one error of this floor."""

from __future__ import annotations

from firsttoken.error import FirstTokenError


class RunFolderError(FirstTokenError):
    """A run folder cannot be read, written or asked this: one sentence of what was expected, got, and what to do."""
