"""The one error of this floor."""

from __future__ import annotations


class RunFolderError(Exception):
    """A run folder cannot be read, written or asked this: one sentence of what was expected, got, and what to do."""
