"""The one kind of error that a user is shown as it is.

Rule: every error with a sentence for the user derives from this one, and only these are worded; any other exception is
a fault of ours, and keeps its traceback.
"""

from __future__ import annotations


class FirstTokenError(Exception):
    """Something that the user can fix; the message is a sentence: expected, got, where, what next."""
