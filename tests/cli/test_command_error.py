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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "a", "b", "c"], "run: expected no further argument, got b c; see `firsttoken run --help`"),
        (["run", "--workers", "two"], '--workers: expected a whole number, got "two"'),
        (["run", "--share", "half"], '--share: expected a number, got "half"'),
        (["runn"], 'expected one of the commands run, report, got runn; did you mean "run"?'),
        (["report"], "report: expected FOLDER, got none; see `firsttoken report --help`"),
        (["join"], "join: expected --master, got none; see `firsttoken join --help`"),
        (["report", "x", "--kind"], "report: expected a value after --kind, got none; see `firsttoken report --help`"),
        (["xyz"], "expected one of the commands run, report, got xyz"),
    ],
)
def test_it_says_what_was_expected_and_what_came(words: list[str], said: str) -> None:
    assert sentence(*words) == said


def test_what_has_no_words_here_keeps_the_parsers_own() -> None:
    assert "--workers" in sentence("run", "--workers", "0")
    assert "--workrs" in sentence("run", "--workrs", "2")
