"""The one kind of error that a user is shown as it is.

Rule: every error with a sentence for the user derives from this one, and only these are worded; any other exception is
a fault of ours, and keeps its traceback.
"""


class FirstTokenError(Exception):
    """Something that the user can fix; the message is a sentence: expected, got, where, what next."""


class RunFolderError(FirstTokenError):
    """A run folder cannot be read, written or asked this: one sentence of what was expected, got, and what to do."""


class ReportError(FirstTokenError, ValueError):
    """A file of analysis/ or reports/ cannot be used; the text is the sentence to show."""
