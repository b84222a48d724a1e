"""What is wrong with a command line, in the words of a user instead of a parser's.

Rule: one sentence: what was expected, what was given, and what to try; other errors keep the parser's own text.
"""

import difflib
from collections.abc import Collection
from pathlib import Path

from cyclopts import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    UnknownCommandError,
    UnusedCliTokensError,
)

KINDS = {int: "a whole number", float: "a number", Path: "a path", bool: "yes or no"}


def word_error(error: CycloptsError, commands: Collection[str]) -> str:
    """The sentence of an error; `commands` are those that exist."""
    command = " ".join(error.command_chain or ())
    if isinstance(error, UnusedCliTokensError):
        extra = " ".join(error.unused_tokens or ())
        return f"{command}: expected no further argument, got {extra}; see `firsttoken {command} --help`"
    if isinstance(error, UnknownCommandError) and error.unused_tokens:
        wrong = error.unused_tokens[0]
        near = difflib.get_close_matches(wrong, commands, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        return f"expected one of the commands {', '.join(commands)}, got {wrong}{hint}"
    if isinstance(error, CoercionError) and error.token is not None and error.target_type in KINDS:
        return f'{error.token.keyword}: expected {KINDS[error.target_type]}, got "{error.token.value}"'
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        return f"{command}: expected {_name_missing(error)}, got none; see `firsttoken {command} --help`"
    return str(error)


def _name_missing(error: MissingArgumentError) -> str:
    """What is missing, as the help writes it: a value after an option, an option, or an argument by its place."""
    if error.keyword is not None:
        return f"a value after {error.keyword}"
    argument = error.argument
    if argument is None or argument.field_info.is_keyword_only:
        return argument.name if argument else "one more argument"
    return argument.name.lstrip("-").upper()
