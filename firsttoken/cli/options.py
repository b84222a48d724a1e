"""Options that several commands share.

Rule: an option has one name and one sentence of help, whichever command takes it.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from firsttoken.scenario.format import Scenario
from firsttoken.scenario.reading import find_scenario, load_scenario


def Switch(text: str, name: str | None = None) -> Parameter:  # noqa: N802 # stands beside Parameter
    """An option that is on where it is given: it has no negative and no default to show."""
    return Parameter(name=name, negative="", show_default=False, help=text)


Json = Annotated[bool, Switch("Print the result as JSON.", "--json")]
Sets = Annotated[
    list[str] | None,
    Parameter(name="--set", negative="", consume_multiple=False, help="Change a key of the scenario: load.users=[1,8]"),
]
ScenarioName = Annotated[str, Parameter(help="A path, or the bare name of a file in scenarios/.")]
AT_LEAST_0 = validators.Number(gte=0)
A_PORT = validators.Number(gte=0, lte=65_535)
RunFolder = Annotated[Path, Parameter(help="A run folder.")]


def read_scenario(name: str, overrides: list[str] | None) -> Scenario:
    """The scenario that a command names, with what `--set` changes. Raises ScenarioError."""
    return load_scenario(find_scenario(name), overrides or [])
