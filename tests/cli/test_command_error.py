"""What is wrong with a command line is told in a user's words."""

from pathlib import Path
from typing import Annotated

import pytest
from cyclopts import App, CycloptsError, Parameter, validators

from firsttoken.cli.command_error import word_error

app = App(name="tool", result_action="return_value")


@app.command
def run(
    scenario: str = "",
    *,
    workers: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 1,
    share: float = 0.5,
    out: Path | None = None,
) -> None:
    """Anything."""


@app.command
def report(folder: Path, query: str = "", *, kind: str = "") -> None:
    """Anything."""


@app.command
def join(*, master: str) -> None:
    """Anything."""


def sentence(*words: str) -> str:
    with pytest.raises(CycloptsError) as caught:
        app(words, exit_on_error=False, print_error=False)
    return word_error(caught.value, ["run", "report"])


def test_what_is_wrong_with_a_command_line(snapshot) -> None:
    lines = [
        *("run a b c", "run --workers two", "run --share half", "runn", "xyz"),
        *("report", "join", "report x --kind"),
    ]
    snapshot("command_line_errors", {f"tool {line}": sentence(*line.split()) for line in lines})


def test_what_has_no_words_here_keeps_the_parsers_own() -> None:
    assert "--workers" in sentence("run", "--workers", "0")
    assert "--workrs" in sentence("run", "--workrs", "2")
