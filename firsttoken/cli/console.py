"""The two streams that a person reads: results on stdout, progress and complaints on stderr.

Rule: a terminal's lines break between words; what goes to a file or a pipe is one line a sentence.
"""

import sys

from rich.console import Console
from rich.text import Text

WIDTH_UNSEEN = 140
"""Columns of a table that goes to a file or a pipe, whose width is unknown."""

OUT = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_UNSEEN)
ERR = Console(stderr=True, highlight=False)


def say(console: Console, sentence: str | Text) -> None:
    """Print a sentence as it stands."""
    console.print(sentence, soft_wrap=not console.is_terminal, markup=False)


def complain(sentence: str) -> None:
    """Say what went wrong, in one sentence."""
    say(ERR, Text.assemble(("firsttoken: ", "bold red"), escape_unseen(sentence)))


def warn(sentence: str) -> None:
    """Say what the user should know before reading a result."""
    say(ERR, Text.assemble(("note: ", "bold yellow"), escape_unseen(sentence)))


def escape_unseen(sentence: str) -> str:
    """The sentence with characters that a terminal obeys or hides written out: a name may hold some."""
    return "".join(each if each.isprintable() or each in " \n" else ascii(each)[1:-1] for each in sentence)


def relay(line: str) -> None:
    """Show a line that a locustfile printed or logged, as it is; on a terminal above the live line."""
    if ERR.is_terminal:
        ERR.print(Text.from_ansi(line))
    else:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
