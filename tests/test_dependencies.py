"""What the code imports is declared, what is declared is locked, and what is installed is what is locked.

Rule: a package that arrives only because another one needs it may be gone with that one's next version.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIRED = [Requirement(text) for text in PROJECT["dependencies"]]
EXTRA = [Requirement(text) for texts in PROJECT["optional-dependencies"].values() for text in texts]
TOOLS = {"ruff", "mypy", "scipy-stubs", "build", "hatchling", "pytest-xdist", "coverage", "uv"}
"""What the commands of a developer run, and no test imports."""
DISTRIBUTIONS = packages_distributions()
"""Top-level module -> the distributions that bring it."""
UNLOCKED = {"firsttoken", "pip", "setuptools"}
"""The package itself, and what Python lays into every new environment."""


def imported_in(*folders: str) -> set[str]:
    """The distributions whose modules are imported anywhere in those folders, at the head of a file or further down."""
    names = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.split(".")[0])
    return {canonicalize_name(found) for name in names for found in DISTRIBUTIONS.get(name, [])}


def names_of(requirements: Iterable[Requirement]) -> set[str]:
    return {canonicalize_name(requirement.name) for requirement in requirements}


def locked() -> dict[str, str]:
    """Package -> version, as requirements.lock has them."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return dict(found.groups() for line in lines if (found := re.match(r"([a-z0-9._-]+)==([^ ;]+)", line)))


def test_what_the_package_imports_is_declared_and_what_is_declared_is_imported():
    assert imported_in("firsttoken", "analysis", "locustfiles") - {"firsttoken"} == names_of(REQUIRED)


def test_architecture_says_of_each_why_it_is_there():
    section = (
        (ROOT / "ARCHITECTURE.md").read_text().partition("## Why each dependency is there\n")[2].partition("\n## ")[0]
    )
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]

    assert {name for row in rows for name in re.findall(r"`([\w-]+)`", row)} == names_of(REQUIRED)


def test_what_only_the_tests_import_is_declared_as_theirs():
    needed = imported_in("tests", "docs") - names_of(REQUIRED) - {"firsttoken"}

    assert needed - names_of(EXTRA) == set()
    assert names_of(EXTRA) - needed - TOOLS - {"xllamacpp", "gguf"} == set()


@pytest.mark.parametrize("requirement", REQUIRED + EXTRA, ids=str)
def test_the_lock_holds_a_version_that_is_allowed(requirement):
    assert requirement.specifier.contains(locked()[canonicalize_name(requirement.name)]), "`make lock` renews it"


@pytest.mark.parametrize("requirement", REQUIRED + EXTRA, ids=str)
def test_a_range_says_where_it_begins(requirement):
    assert {sign.operator for sign in requirement.specifier} & {">=", "=="}


@pytest.mark.skipif(Path(sys.prefix).name != ".venv", reason="only .venv is installed from the lock")
def test_all_that_is_installed_is_locked():
    here = {canonicalize_name(found.name): found.version for found in distributions()}

    assert {name: version for name, version in here.items() if name not in UNLOCKED} == {
        name: version for name, version in locked().items() if name in here
    }
