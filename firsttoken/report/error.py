"""The one error of this floor."""

from __future__ import annotations

from firsttoken.error import FirstTokenError


class ReportError(FirstTokenError, ValueError):
    """A file of analysis/ or reports/ cannot be used; the text is the sentence to show."""
