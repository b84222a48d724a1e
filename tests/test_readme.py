"""What README says can be done as it says: its files exist, its commands and options are the command's own."""

import re
from pathlib import Path

import pytest

from firsttoken.catalogue import load_catalogue
from tests.command import ROOT, firsttoken

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = re.findall(r"(?:^|`)firsttoken ([^`#\n]*)", "\n".join(BLOCKS) + README, flags=re.MULTILINE)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!http)([^)#]+)\)", README))))
def test_every_link_and_picture_is_there(link: str) -> None:
    assert (ROOT / link).is_file()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"(?:scenarios|locustfiles|analysis)/[\w.-]+\w", README))))
def test_every_file_that_is_named_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


@pytest.mark.parametrize("command", sorted({command.split()[0] for command in COMMANDS if command[:1].islower()}))
def test_every_command_is_one(command: str) -> None:
    assert firsttoken(command, "--help").returncode == 0


def test_every_option_of_a_command_is_one() -> None:
    helps = {name: firsttoken(name, "--help").stdout for name in ("run", "worker", "report", "simulate", "check")}
    told = [(command.split()[0], option) for command in COMMANDS for option in re.findall(r"--[a-z-]+", command)]
    told = [(name, option) for name, option in told if name in helps]

    assert len(told) > 3
    assert [(name, option) for name, option in told if f"{option} " not in helps[name]] == []


def test_every_scenario_that_is_run_exists_and_every_model_is_in_the_catalogue() -> None:
    names = re.findall(r"firsttoken (?:run|check) ([a-z][\w.-]*)", README)

    assert {"quickstart", "search", "open-loop", "codex-vs-5.4", "own"} <= set(names)
    assert all(Path(ROOT / "scenarios" / f"{name}.toml").is_file() for name in names)
    models = re.findall(r"firsttoken simulate ([a-z][\w.-]*)", README) + re.findall(r"\.model=([\w.-]+\w)", README)
    assert models
    assert set(models) <= set(load_catalogue())
